using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>
/// The scripts of <see cref="CartStore"/>. KEYS[1] is the cart. ARGV: now, the lifetime in seconds, a fresh checkout id, the versions
/// that may be changed (<c>,3,7,</c>; empty for any), then what the script itself needs from 5 on. The answer: a
/// <see cref="CartOutcome"/> and the cart's fields.
/// </summary>
internal static class CartScripts
{
    /// <summary>Nothing but the cart.</summary>
    public const string Read = Common + "return answer(0)";

    /// <summary>5: product, 6: quantity, 7: details, 8: currency.</summary>
    public static readonly string Add = Common + $$"""
        local product, quantity = ARGV[5], tonumber(ARGV[6])
        local held = tonumber(redis.call('HGET', cart, 'q:' .. product) or '0')
        local others = lines() - (held > 0 and 1 or 0)
        if held + quantity > {{OrderLimits.MaxQuantity}} then return answer(3) end
        if others >= {{OrderLimits.MaxLines}} then return answer(4) end
        if others > 0 and redis.call('HGET', cart, 'currency') ~= ARGV[8] then return answer(5) end
        redis.call('HSET', cart, 'q:' .. product, held + quantity, 'd:' .. product, ARGV[7], 'currency', ARGV[8])
        redis.call('HSETNX', cart, 'n:' .. product, version)
        redis.call('HSETNX', cart, 'checkout', ARGV[3])
        return changed()
        """;

    /// <summary>5: product, 6: quantity.</summary>
    public const string SetQuantity = Common + """
        local product, quantity = ARGV[5], tonumber(ARGV[6])
        if redis.call('HEXISTS', cart, 'q:' .. product) == 0 then return answer(2) end
        if quantity == 0 then remove(product) else redis.call('HSET', cart, 'q:' .. product, quantity) end
        return changed()
        """;

    /// <summary>5: product.</summary>
    public const string Remove = Common + """
        if redis.call('HEXISTS', cart, 'q:' .. ARGV[5]) == 0 then return answer(0) end
        remove(ARGV[5])
        return changed()
        """;

    /// <summary>Takes everything out.</summary>
    public const string Clear = Common + """
        if lines() == 0 then return answer(0) end
        for _, field in ipairs(redis.call('HKEYS', cart)) do
          if string.sub(field, 1, 2) == 'q:' then remove(string.sub(field, 3)) end
        end
        return changed()
        """;

    /// <summary>5: currency, then pairs of product and details.</summary>
    public const string Reprice = Common + """
        redis.call('HSET', cart, 'currency', ARGV[5])
        for i = 6, #ARGV, 2 do
          if redis.call('HEXISTS', cart, 'q:' .. ARGV[i]) == 1 then redis.call('HSET', cart, 'd:' .. ARGV[i], ARGV[i + 1]) end
        end
        return changed()
        """;

    /// <summary>5: checkout id, then pairs of product and ordered quantity.</summary>
    public const string FinishCheckout = Common + """
        if redis.call('HGET', cart, 'checkout') ~= ARGV[5] then return answer(0) end
        for i = 6, #ARGV, 2 do
          local left = tonumber(redis.call('HGET', cart, 'q:' .. ARGV[i]) or '0') - tonumber(ARGV[i + 1])
          if left > 0 then redis.call('HSET', cart, 'q:' .. ARGV[i], left) else remove(ARGV[i]) end
        end
        redis.call('HSET', cart, 'checkout', ARGV[3])
        return changed()
        """;

    private const string Common = """
        local cart = KEYS[1]
        local version = tonumber(redis.call('HGET', cart, 'version') or '0')

        local function answer(outcome)
          redis.call('EXPIRE', cart, ARGV[2])
          return {outcome, redis.call('HGETALL', cart)}
        end

        local function lines()
          local count = 0
          for _, field in ipairs(redis.call('HKEYS', cart)) do
            if string.sub(field, 1, 2) == 'q:' then count = count + 1 end
          end
          return count
        end

        local function remove(product)
          redis.call('HDEL', cart, 'q:' .. product, 'd:' .. product, 'n:' .. product)
        end

        local function changed()
          if lines() == 0 then redis.call('HSET', cart, 'checkout', ARGV[3]) end
          redis.call('HSET', cart, 'version', version + 1, 'updated', ARGV[1])
          return answer(0)
        end

        if ARGV[4] ~= '' and not string.find(ARGV[4], ',' .. version .. ',', 1, true) then return answer(1) end

        """;
}
