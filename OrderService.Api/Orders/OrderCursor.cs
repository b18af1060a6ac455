using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace OrderService.Api.Orders;

/// <summary>
/// A place in the list of a customer's orders, and which way to read on from there. Clients get it as base64url and are not to look
/// into it.
/// </summary>
/// <param name="CreatedAt">When the order at this place was placed.</param>
/// <param name="Id">Its id, which decides among orders of the same instant.</param>
/// <param name="Back">Whether to read towards newer orders; otherwise towards older ones.</param>
internal readonly record struct OrderCursor(DateTimeOffset CreatedAt, Guid Id, bool Back)
{
    private const int Size = sizeof(long) + 16 + 1;

    /// <summary>Behind the oldest order.</summary>
    public static OrderCursor End { get; } = new(DateTimeOffset.MinValue, Guid.Empty, Back: true);

    /// <summary>Towards what is older than <paramref name="order"/>.</summary>
    public static OrderCursor After(OrderResponse order) => new(order.CreatedAt, order.Id, Back: false);

    /// <summary>Towards what is newer than <paramref name="order"/>.</summary>
    public static OrderCursor Before(OrderResponse order) => new(order.CreatedAt, order.Id, Back: true);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out OrderCursor cursor)
    {
        cursor = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Base64Url.GetEncodedLength(Size)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done
            || written != Size)
        {
            return false;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        var back = bytes[^1];
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks || back > 1)
        {
            return false;
        }

        cursor = new(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[sizeof(long)..^1], bigEndian: true), back == 1);
        return true;
    }

    /// <inheritdoc />
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes, CreatedAt.UtcTicks);
        Id.TryWriteBytes(bytes[sizeof(long)..], bigEndian: true, out _);
        bytes[^1] = (byte)(Back ? 1 : 0);
        return Base64Url.EncodeToString(bytes);
    }
}
