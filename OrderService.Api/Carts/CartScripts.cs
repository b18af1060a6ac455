using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>
/// The scripts of <see cref="CartStore"/>. KEYS[1] is the cart; KEYS[2], for a request with an idempotency key, where the first answer
/// to it is. ARGV: now, now in Unix milliseconds, the lifetime in seconds, a fresh checkout id, the versions that may be changed
/// (<c>,3,7,</c>; empty for any), the request's hash, then what the script itself needs from 7 on. The answer: a
/// <see cref="CartOutcome"/> and the cart's fields.
/// </summary>
internal static class CartScripts
{
    /// <summary>Nothing but the cart.</summary>
    public const string Read = Common + "return answer(0)";

    /// <summary>7: milliseconds after which names and prices are outdated. Whoever is told so refreshes them; all others need not.</summary>
    public const string Show = Common + """
        local refreshed = tonumber(redis.call('HGET', cart, 'refreshed') or '0')
        if #products() == 0 or millis - refreshed < tonumber(ARGV[7]) then return answer(0) end
        redis.call('HSET', cart, 'refreshed', millis)
        return answer(6)
        """;

    /// <summary>7: product, 8: quantity, 9: details, 10: currency.</summary>
    public static readonly string Add = Common + $$"""
        local product, quantity = ARGV[7], tonumber(ARGV[8])
        local before = held(product)
        local others = #products() - (before > 0 and 1 or 0)
        if before + quantity > {{OrderLimits.MaxQuantity}} then return answer(3) end
        if others >= {{OrderLimits.MaxLines}} then return answer(4) end
        if others > 0 and redis.call('HGET', cart, 'currency') ~= ARGV[10] then return answer(5) end
        redis.call('HSET', cart, 'q:' .. product, before + quantity, 'd:' .. product, ARGV[9], 'currency', ARGV[10])
        redis.call('HSETNX', cart, 'n:' .. product, version)
        redis.call('HSETNX', cart, 'checkout', checkout)
        if others == 0 then redis.call('HSET', cart, 'refreshed', millis) end
        local done = changed()
        if KEYS[2] then
          redis.call('COPY', cart, KEYS[2])
          redis.call('HSET', KEYS[2], 'request', request)
          redis.call('EXPIRE', KEYS[2], {{(int)IdempotencyRecord.Kept.TotalSeconds}})
        end
        return done
        """;

    /// <summary>7: product, 8: quantity.</summary>
    public const string SetQuantity = Common + """
        local product, quantity = ARGV[7], tonumber(ARGV[8])
        if held(product) == 0 then return answer(2) end
        if quantity == 0 then remove(product) else redis.call('HSET', cart, 'q:' .. product, quantity) end
        return changed()
        """;

    /// <summary>7: product.</summary>
    public const string Remove = Common + """
        if held(ARGV[7]) == 0 then return answer(0) end
        remove(ARGV[7])
        return changed()
        """;

    /// <summary>Takes everything out.</summary>
    public const string Clear = Common + """
        local all = products()
        if #all == 0 then return answer(0) end
        for _, product in ipairs(all) do remove(product) end
        return changed()
        """;

    /// <summary>7: currency, then pairs of product and details. Another currency is taken over for the whole cart or not at all.</summary>
    public const string Reprice = Common + """
        local known, news = {}, false
        for i = 8, #ARGV, 2 do known[ARGV[i]] = true end
        if redis.call('HGET', cart, 'currency') ~= ARGV[7] then
          local all = products()
          for _, product in ipairs(all) do
            if not known[product] then return answer(0) end
          end
          if #all == 0 then return answer(0) end
          redis.call('HSET', cart, 'currency', ARGV[7])
          news = true
        end
        for i = 8, #ARGV, 2 do
          local shown = redis.call('HGET', cart, 'd:' .. ARGV[i])
          if shown and shown ~= ARGV[i + 1] then
            redis.call('HSET', cart, 'd:' .. ARGV[i], ARGV[i + 1])
            news = true
          end
        end
        return news and changed() or answer(0)
        """;

    /// <summary>7: currency, then product, quantity and details of each line that another cart holds.</summary>
    public static readonly string Merge = Common + $$"""
        local mine, new, news = #products(), 0, false
        for i = 8, #ARGV, 3 do
          if held(ARGV[i]) == 0 then new = new + 1 end
        end
        if mine + new > {{OrderLimits.MaxLines}} then return answer(4) end
        if mine > 0 and new > 0 and redis.call('HGET', cart, 'currency') ~= ARGV[7] then return answer(5) end
        for i = 8, #ARGV, 3 do
          local product, quantity = ARGV[i], tonumber(ARGV[i + 1])
          local before = held(product)
          if quantity > before then
            redis.call('HSET', cart, 'q:' .. product, quantity)
            news = true
          end
          if before == 0 then
            redis.call('HSET', cart, 'd:' .. product, ARGV[i + 2], 'n:' .. product, version)
            redis.call('HDEL', cart, 'refreshed')
            version = version + 1
          end
        end
        if not news then return answer(0) end
        if mine == 0 then redis.call('HSET', cart, 'currency', ARGV[7]) end
        redis.call('HSETNX', cart, 'checkout', checkout)
        return changed()
        """;

    /// <summary>7: the cart that wants to take this one over.</summary>
    public const string Claim = Common + """
        local claim = redis.call('HGET', cart, 'claim')
        if claim and claim ~= ARGV[7] then return answer(9) end
        if #products() > 0 then redis.call('HSET', cart, 'claim', ARGV[7]) end
        return answer(0)
        """;

    /// <summary>7: the cart that does not take this one over after all.</summary>
    public const string Unclaim = Common + """
        if redis.call('HGET', cart, 'claim') == ARGV[7] then redis.call('HDEL', cart, 'claim') end
        return answer(0)
        """;

    /// <summary>7: checkout id, then pairs of product and ordered quantity.</summary>
    public const string FinishCheckout = Common + """
        if redis.call('HGET', cart, 'checkout') ~= ARGV[7] then return answer(0) end
        for i = 8, #ARGV, 2 do
          local left = held(ARGV[i]) - tonumber(ARGV[i + 1])
          if left > 0 then redis.call('HSET', cart, 'q:' .. ARGV[i], left) else remove(ARGV[i]) end
        end
        redis.call('HSET', cart, 'checkout', checkout)
        return changed()
        """;

    private const string Common = """
        local cart = KEYS[1]
        local now, millis, lifetime, checkout, versions, request = unpack(ARGV, 1, 6)
        local version = tonumber(redis.call('HGET', cart, 'version') or '0')

        local function answer(outcome)
          redis.call('EXPIRE', cart, lifetime)
          return {outcome, redis.call('HGETALL', cart)}
        end

        local function products()
          local all = {}
          for _, field in ipairs(redis.call('HKEYS', cart)) do
            if string.sub(field, 1, 2) == 'q:' then all[#all + 1] = string.sub(field, 3) end
          end
          return all
        end

        local function held(product)
          return tonumber(redis.call('HGET', cart, 'q:' .. product) or '0')
        end

        local function remove(product)
          redis.call('HDEL', cart, 'q:' .. product, 'd:' .. product, 'n:' .. product)
        end

        local function changed()
          if #products() == 0 then
            redis.call('HDEL', cart, 'claim')
            redis.call('HSET', cart, 'checkout', checkout)
          end
          redis.call('HSET', cart, 'version', version + 1, 'updated', now)
          return answer(0)
        end

        if KEYS[2] then
          local first = redis.call('HGET', KEYS[2], 'request')
          if first then
            redis.call('EXPIRE', cart, lifetime)
            return {first == request and 7 or 8, redis.call('HGETALL', KEYS[2])}
          end
        end

        if versions ~= '' and not string.find(versions, ',' .. version .. ',', 1, true) then return answer(1) end

        """;
}
