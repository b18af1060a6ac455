using Confluent.Kafka;

namespace OrderService.Tests.Shop;

/// <summary>How far the order service has got in reading what others publish: asks for its group's offsets and never joins the group.</summary>
internal sealed class ReadingProgress(string bootstrapServers) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Topics = ["cloudforge.payments", "cloudforge.fulfilment"];

    private readonly IConsumer<Ignore, Ignore> _outsider = new ConsumerBuilder<Ignore, Ignore>(
        new ConsumerConfig { BootstrapServers = bootstrapServers, ClientId = Publisher.ClientId, GroupId = "order-service", EnableAutoCommit = false }).Build();

    /// <summary>Waits until everything that was published before is handled or put aside.</summary>
    public async Task WaitAsync()
    {
        var ends = Ends();
        if (ends.Count == 0)
        {
            return;
        }

        await Eventually.SeeAsync(() => Behind(ends), behind => behind is "", "the order service having read all payments and fulfilments");
    }

    public void Dispose() => _outsider.Dispose();

    private List<TopicPartitionOffset> Ends()
    {
        using var admin = new DependentAdminClientBuilder(_outsider.Handle).Build();
        var partitions =
            from topic in Topics
            from partition in admin.GetMetadata(topic, Patience).Topics.Single().Partitions
            select new TopicPartition(topic, partition.PartitionId);
        return [.. partitions
            .Select(partition => new TopicPartitionOffset(partition, _outsider.QueryWatermarkOffsets(partition, Patience).High))
            .Where(end => end.Offset > 0)];
    }

    private string Behind(List<TopicPartitionOffset> ends)
    {
        var read = _outsider.Committed(ends.Select(end => end.TopicPartition), Patience);
        return string.Join(
            ", ", ends.Zip(read).Where(pair => pair.Second.Offset < pair.First.Offset).Select(pair => $"{pair.Second} of {pair.First.Offset}"));
    }
}
