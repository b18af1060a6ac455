using System.Buffers.Binary;
using System.Text;

namespace OrderService.Tests.Shop;

/// <summary>A value that was exported: a sum, a gauge, or how often a histogram was recorded to.</summary>
internal sealed record MetricPoint(string Service, string Name, IReadOnlyDictionary<string, string> Attributes, double Value)
{
    /// <summary>The attributes by name, as one text.</summary>
    public string AttributesText { get; } = string.Join(
        ' ', Attributes.OrderBy(attribute => attribute.Key, StringComparer.Ordinal).Select(attribute => $"{attribute.Key}={attribute.Value}"));
}

/// <summary>Reads what tests need of OTLP's metrics (opentelemetry-proto, metrics/v1): field numbers as they are there.</summary>
internal static class OtlpMetrics
{
    /// <summary>Every value of an export.</summary>
    public static IEnumerable<MetricPoint> Read(byte[] export)
    {
        foreach (var resourceMetrics in Messages(export, 1))
        {
            var service = Messages(resourceMetrics, 1).SelectMany(resource => Messages(resource, 1)).Select(ReadAttribute)
                .FirstOrDefault(attribute => attribute.Key == "service.name").Value ?? "";
            foreach (var metric in Messages(resourceMetrics, 2).SelectMany(scope => Messages(scope, 2)))
            {
                var name = Text(metric, 1);
                foreach (var point in Messages(metric, 5).Concat(Messages(metric, 7)).SelectMany(numbers => Messages(numbers, 1)))
                {
                    yield return new(service, name, Attributes(point, 7), ReadNumber(point));
                }

                foreach (var point in Messages(metric, 9).SelectMany(histogram => Messages(histogram, 1)))
                {
                    yield return new(service, name, Attributes(point, 9), Fields(point).Where(field => field.Number == 4).Sum(field => (double)field.Value));
                }
            }
        }
    }

    private static double ReadNumber(ReadOnlyMemory<byte> point)
    {
        foreach (var field in Fields(point))
        {
            switch (field.Number)
            {
                case 4:
                    return BitConverter.UInt64BitsToDouble(field.Value);
                case 6:
                    return (long)field.Value;
            }
        }

        return 0;
    }

    private static Dictionary<string, string> Attributes(ReadOnlyMemory<byte> point, int number) =>
        Messages(point, number).Select(ReadAttribute).ToDictionary(attribute => attribute.Key, attribute => attribute.Value);

    private static KeyValuePair<string, string> ReadAttribute(ReadOnlyMemory<byte> attribute)
    {
        var value = Messages(attribute, 2).SelectMany(any => Fields(any)).Select(field => field.Number == 1 ? Utf8(field.Bytes) : $"{field.Value}")
            .FirstOrDefault();
        return new(Text(attribute, 1), value ?? "");
    }

    private static string Text(ReadOnlyMemory<byte> message, int number) => Messages(message, number).Select(Utf8).FirstOrDefault() ?? "";

    private static string Utf8(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static IEnumerable<ReadOnlyMemory<byte>> Messages(ReadOnlyMemory<byte> message, int number) =>
        Fields(message).Where(field => field.Number == number).Select(field => field.Bytes);

    /// <summary>The fields of a message of protocol buffers (protobuf.dev/programming-guides/encoding).</summary>
    private static List<Field> Fields(ReadOnlyMemory<byte> message)
    {
        var fields = new List<Field>();
        var rest = message;
        while (rest.Length > 0)
        {
            var tag = ReadVarint(ref rest);
            var (value, bytes) = (0UL, ReadOnlyMemory<byte>.Empty);
            switch (tag & 7)
            {
                case 0:
                    value = ReadVarint(ref rest);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(rest.Span);
                    rest = rest[8..];
                    break;
                case 2:
                    var length = (int)ReadVarint(ref rest);
                    (bytes, rest) = (rest[..length], rest[length..]);
                    break;
                case 5:
                    value = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
                    rest = rest[4..];
                    break;
                default:
                    throw new InvalidDataException($"Protocol buffers have no wire type {tag & 7}.");
            }

            fields.Add(new((int)(tag >> 3), bytes, value));
        }

        return fields;
    }

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> rest)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var part = rest.Span[0];
            rest = rest[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }

    private readonly record struct Field(int Number, ReadOnlyMemory<byte> Bytes, ulong Value);
}
