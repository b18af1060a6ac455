using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Chaos;

/// <summary>Tells what a process asks its servers for, in words that are the same at every run.</summary>
internal abstract partial class Wire
{
    private const int Longest = 90;

    /// <summary>The steps that begin with these bytes: none for what belongs to an earlier one, or to no step.</summary>
    public abstract IReadOnlyList<string> Read(ReadOnlySpan<byte> request);

    public static Wire Of(Link link) => link.Name switch
    {
        ResourceNames.Orders => new PostgresWire(),
        ResourceNames.Redis => new RedisWire(),
        ResourceNames.Kafka => new KafkaWire(),
        _ => new HttpWire(),
    };

    private static string Words(string text)
    {
        text = Ids().Replace(Blanks().Replace(text, " ").Trim(), "{id}");
        return text.Length <= Longest ? text : text[..Longest];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex("(T-)?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")]
    private static partial Regex Ids();

    /// <summary>Messages of PostgreSQL's protocol 3; a prepared statement is told by its text.</summary>
    private sealed class PostgresWire : Wire
    {
        private const int Version3 = 3 << 16;

        private readonly Dictionary<string, string> _statements = new(StringComparer.Ordinal);
        private readonly List<byte> _rest = [];
        private bool _started;
        private string _before = "";

        public override IReadOnlyList<string> Read(ReadOnlySpan<byte> request)
        {
            _rest.AddRange(request);
            var bytes = _rest.ToArray().AsSpan();
            var words = new List<string>();
            while (Next(ref bytes, words))
            {
            }

            _rest.Clear();
            _rest.AddRange(bytes);
            if (words.Count == 0)
            {
                return [];
            }

            var step = Words(string.Join("; ", words.Where(word => !IsReset(word)).Distinct()));
            (var before, _before) = (_before, step);
            return [step == "COMMIT" ? $"COMMIT after {before}" : step];
        }

        /// <summary>What a pool puts before the first statement of whoever has the connection next.</summary>
        private static bool IsReset(string statement) =>
            statement.StartsWith("DISCARD ALL", StringComparison.Ordinal) || statement.StartsWith("SET SESSION AUTHORIZATION", StringComparison.Ordinal);

        private bool Next(ref Span<byte> bytes, List<string> words)
        {
            var head = _started ? 1 : 0;
            if (bytes.Length < head + 4 || BinaryPrimitives.ReadInt32BigEndian(bytes[head..]) + head is var length && bytes.Length < length)
            {
                return false;
            }

            var type = _started ? (char)bytes[0] : ' ';
            var body = bytes[(head + 4)..length];
            bytes = bytes[length..];
            switch (type)
            {
                case ' ':
                    _started = BinaryPrimitives.ReadInt32BigEndian(body) >= Version3 && BinaryPrimitives.ReadInt32BigEndian(body) < 2 * Version3;
                    words.Add("connect");
                    break;
                case 'p':
                    words.Add("sign in");
                    break;
                case 'Q':
                    words.Add(Short(Text(ref body)));
                    break;
                case 'P':
                    _statements[Text(ref body)] = Short(Text(ref body));
                    break;
                case 'B':
                    _ = Text(ref body);
                    words.Add(_statements.GetValueOrDefault(Text(ref body), "?"));
                    break;
            }

            return true;
        }

        /// <summary>A statement's beginning, which tells it apart; that of a read tells the table instead.</summary>
        private static string Short(string sql)
        {
            sql = Words(sql);
            return sql.IndexOf(" FROM ", StringComparison.Ordinal) is > 24 and var from ? $"{sql[..16]}…{sql[from..]}" : sql[..Math.Min(sql.Length, 48)];
        }

        private static string Text(ref Span<byte> body)
        {
            var end = body.IndexOf((byte)0);
            var text = Encoding.UTF8.GetString(body[..end]);
            body = body[(end + 1)..];
            return text;
        }
    }

    /// <summary>Scripts, which are all that the API asks Redis for; the rest is its client's own.</summary>
    private sealed partial class RedisWire : Wire
    {
        public override IReadOnlyList<string> Read(ReadOnlySpan<byte> request)
        {
            var text = Encoding.Latin1.GetString(request);
            return [.. Scripts().Matches(text).Select(script => $"script {NameOf(text, script)}")];
        }

        /// <summary>The beginning of the script's SHA-1, by which Redis calls it too.</summary>
        private static string NameOf(string text, Match script)
        {
            var at = script.Index + script.Length;
            return script.Groups[1].Success
                ? text.Substring(at, 8)
                : Convert.ToHexStringLower(Sha1(text.Substring(at, Math.Min(int.Parse(script.Groups[2].Value, CultureInfo.InvariantCulture), text.Length - at))))[..8];
        }

        [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "Redis names scripts so.")]
        private static byte[] Sha1(string script) => System.Security.Cryptography.SHA1.HashData(Encoding.Latin1.GetBytes(script));

        [GeneratedRegex(@"EVAL(SHA)?\r\n\$(\d+)\r\n")]
        private static partial Regex Scripts();
    }

    /// <summary>Requests of Kafka's protocol, but for those that only tell where things are.</summary>
    private sealed class KafkaWire : Wire
    {
        private static readonly Dictionary<short, string> Requests = new()
        {
            [0] = "Produce", [1] = "Fetch", [2] = "ListOffsets", [8] = "OffsetCommit", [9] = "OffsetFetch", [10] = "FindCoordinator",
            [11] = "JoinGroup", [12] = "Heartbeat", [14] = "SyncGroup", [22] = "InitProducerId",
        };

        private int _skip;

        public override IReadOnlyList<string> Read(ReadOnlySpan<byte> request)
        {
            var found = new List<string>();
            while (true)
            {
                var skipped = Math.Min(_skip, request.Length);
                request = request[skipped..];
                _skip -= skipped;
                if (request.Length < 14)
                {
                    // A header that arrives in pieces does not occur: each request is written at once.
                    return found;
                }

                var client = BinaryPrimitives.ReadInt16BigEndian(request[12..]);
                var isOurs = client > 0 && request.Length >= 14 + client && Encoding.ASCII.GetString(request.Slice(14, client)) == Publisher.ClientId;
                if (!isOurs && Requests.TryGetValue(BinaryPrimitives.ReadInt16BigEndian(request[4..]), out var name))
                {
                    found.Add(name);
                }

                _skip = 4 + BinaryPrimitives.ReadInt32BigEndian(request);
            }
        }
    }

    /// <summary>The line of a request.</summary>
    private sealed partial class HttpWire : Wire
    {
        public override IReadOnlyList<string> Read(ReadOnlySpan<byte> request) =>
            Line().Match(Encoding.ASCII.GetString(request)) is { Success: true } line ? [Words(line.Groups[1].Value)] : [];

        [GeneratedRegex(@"\A((GET|PUT|POST|PATCH|DELETE) /\S+) HTTP/1")]
        private static partial Regex Line();
    }
}

/// <summary>A step at which a process waits for another one.</summary>
/// <param name="Server">Whom it asks.</param>
/// <param name="What">What for.</param>
internal sealed record CrashPoint(string Server, string What)
{
    public override string ToString() => $"{Server}: {What}";
}

/// <summary>What happens there.</summary>
internal enum Blow
{
    /// <summary>The process is killed, and what it asks for never arrives.</summary>
    KillBefore,

    /// <summary>What it asks for is done, and it is killed before it learns that.</summary>
    KillAfter,

    /// <summary>As with a kill, but only the connection is lost.</summary>
    CutBefore,

    /// <summary>Likewise.</summary>
    CutAfter,
}
