using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>One import. While a batch is written, the next one is read; there are never more than these two in memory.</summary>
internal sealed class OrderImport(ImportedOrders orders, OrderRecordReader stored, JsonTypeInfo<OrderRecord> type, TimeProvider time)
{
    /// <summary>Bytes of a line.</summary>
    public const int MaxLineLength = 1024 * 1024;

    /// <summary>Refusals that are told.</summary>
    public const int MaxRefusals = 1_000;

    /// <summary>Characters of what somebody sent that a refusal repeats.</summary>
    private const int MaxTold = ImportedOrder.ExternalIdLength;

    private const int BatchLines = 1_000;
    private const int BatchBytes = 2 * MaxLineLength;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly List<ImportRefusal> _refusals = [];
    private Batch _batch = new();
    private Task _writing = Task.CompletedTask;
    private int _line;
    private bool _isTooLong;
    private int _received;
    private int _imported;
    private int _unchanged;
    private int _refused;

    /// <summary>What became of the lines so far. Not while the import runs.</summary>
    public ImportResponse Response => new(_received, _imported, _unchanged, _refused, _refusals);

    /// <summary>Reads lines to the end and makes orders of them.</summary>
    public async Task RunAsync(PipeReader body, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken);
                var rest = read.Buffer;
                while (TryTakeLine(ref rest, read.IsCompleted, out var line))
                {
                    await TakeAsync(line);
                }

                body.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            await WriteAsync();
            await _writing;
        }
        finally
        {
            // Who breaks off leaves whole batches.
            await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes the next line off. What is longer than a line may be is let go as it comes.</summary>
    private bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        line = rest;
        if (isLast)
        {
            rest = rest.Slice(rest.End);
            return line.Length > 0 || _isTooLong;
        }

        if (rest.Length > MaxLineLength)
        {
            _isTooLong = true;
            rest = rest.Slice(rest.End);
        }

        return false;
    }

    private async ValueTask TakeAsync(ReadOnlySequence<byte> line)
    {
        _line++;
        if (Read(line) is { } order)
        {
            // The database decides between two of one name, one after the other.
            if (!_batch.TryAdd(order))
            {
                await WriteAsync();
                _batch.TryAdd(order);
            }
        }

        _batch.Bytes += line.Length;
        if (_batch.Lines >= BatchLines || _batch.Bytes >= BatchBytes)
        {
            await WriteAsync();
        }
    }

    private Line? Read(ReadOnlySequence<byte> line)
    {
        if (_isTooLong || line.Length > MaxLineLength)
        {
            _isTooLong = false;
            return Refuse($"A line has at most {MaxLineLength / 1024} KiB.");
        }

        if (line.IsSingleSegment)
        {
            return Read(line.FirstSpan);
        }

        var bytes = ArrayPool<byte>.Shared.Rent((int)line.Length);
        try
        {
            line.CopyTo(bytes);
            return Read(bytes.AsSpan(0, (int)line.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>The order that a line tells; <c>null</c> for one that is empty or refused.</summary>
    private Line? Read(ReadOnlySpan<byte> line)
    {
        if (_line == 1 && line.StartsWith(ByteOrderMark))
        {
            line = line[ByteOrderMark.Length..];
        }

        line = line.Trim(" \t\r"u8);
        if (line.IsEmpty)
        {
            return null;
        }

        if (!Utf8.IsValid(line))
        {
            return Refuse("Is not UTF-8.");
        }

        OrderRecord? record;
        try
        {
            record = JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException e)
        {
            return Refuse(Describe(e));
        }

        if (record is null)
        {
            return Refuse("Is not the JSON object of an order.");
        }

        var errors = new InputErrors();
        return OrderRecords.Import(record, time.Now(), errors) is { } imported
            ? new(_line, record.ExternalId!, imported.Order, HashOf(imported.Complete))
            : Refuse(errors.ToString(), record.ExternalId);
    }

    private Line? Refuse(string reason, string? externalId = null)
    {
        _batch.Refusals.Add(new(_line, externalId is { Length: <= MaxTold } ? externalId : null, reason));
        return null;
    }

    private static string Describe(JsonException e)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"byte {e.BytePositionInLine + 1}");
        return e.Path is { Length: > 2 and <= MaxTold } path && path.StartsWith("$.", StringComparison.Ordinal)
            ? $"{path[2..]}: Is of another type than this field has, given twice, or not JSON ({place})."
            : $"Is not the JSON object of an order ({place}).";
    }

    /// <summary>Of all that an order is, whether the line told it or left it open; its id here is none of it.</summary>
    private byte[] HashOf(OrderRecord complete) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(complete with { Id = null }, type));

    /// <summary>Has the batch written, once the one before is.</summary>
    private async Task WriteAsync()
    {
        await _writing;
        var batch = _batch;
        _batch = new();
        _writing = Task.Run(() => WriteAsync(batch));
    }

    private async Task WriteAsync(Batch batch)
    {
        var (imported, different) = batch.Orders.Count == 0 ? (0, []) : await WriteAsync(batch.Orders);
        var refusals = batch.Refusals.Concat(different).OrderBy(refusal => refusal.Line).ToList();
        _received += batch.Lines;
        _imported += imported;
        _unchanged += batch.Lines - imported - refusals.Count;
        _refused += refusals.Count;
        _refusals.AddRange(refusals.Take(MaxRefusals - _refusals.Count));
    }

    /// <summary>Writes those that are not there yet. How many that were, and which of the others are different ones.</summary>
    private async Task<(int Imported, List<ImportRefusal> Different)> WriteAsync(List<Line> lines)
    {
        var asked = lines.ConvertAll(line => (line.ExternalId, line.Order.Id));
        var found = await orders.FindAsync(asked);
        var now = time.Now();
        var fresh = lines.Where((_, place) => !found.ContainsKey(place)).ToList();
        var written = fresh.Count == 0 ? [] : await orders.WriteAsync(fresh.ConvertAll(line => (
            new ImportedOrder { ExternalId = line.ExternalId, OrderId = line.Order.Id, ContentHash = line.ContentHash, ImportedAt = now }, line.Order)));
        if (written.Count < fresh.Count)
        {
            // Another replica imports the same at this moment, and was faster.
            found = await orders.FindAsync(asked);
        }

        // What does not tell the order as it was imported may still tell it as it is now.
        var doubtful = lines
            .Select((line, place) => (Line: line, There: found.GetValueOrDefault(place)))
            .Where(pair => !written.Contains(pair.Line.Order.Id) && pair.There?.ContentHash?.AsSpan().SequenceEqual(pair.Line.ContentHash) != true)
            .ToList();
        var present = doubtful.Count == 0
            ? []
            : (await stored.ReadAsync([.. doubtful.Select(pair => pair.There?.OrderId).OfType<Guid>().Distinct()], CancellationToken.None))
                .ToDictionary(order => order.Id!.Value, HashOf);
        return (written.Count, doubtful
            .Where(pair => pair.There is null || !present[pair.There.OrderId].AsSpan().SequenceEqual(pair.Line.ContentHash))
            .Select(pair => new ImportRefusal(pair.Line.Number, pair.Line.ExternalId, pair.There switch
            {
                null => "Is in another import at this moment: send it again.",
                { ContentHash: null } other => $"id: There is an order {other.OrderId} already, and it is another one.",
                var other => $"externalId: There is an order of this external id already, {other.OrderId}, and it is not like this.",
            }))
            .ToList());
    }

    /// <summary>A line that is an order.</summary>
    private sealed record Line(int Number, string ExternalId, Order Order, byte[] ContentHash);

    /// <summary>Lines that are written together.</summary>
    private sealed class Batch
    {
        private readonly HashSet<string> _externalIds = new(StringComparer.Ordinal);
        private readonly HashSet<Guid> _ids = [];

        public List<Line> Orders { get; } = [];

        public List<ImportRefusal> Refusals { get; } = [];

        public int Lines => Orders.Count + Refusals.Count;

        public long Bytes { get; set; }

        /// <summary>Adds an order, unless there is one of the same external id or id already.</summary>
        public bool TryAdd(Line order)
        {
            if (!_externalIds.Add(order.ExternalId) || !_ids.Add(order.Order.Id))
            {
                return false;
            }

            Orders.Add(order);
            return true;
        }
    }
}
