using Confluent.Kafka;

namespace PaymentSimulator;

/// <summary>
/// Which messages of each partition are still being worked on. They may finish in any order; a partition's progress is
/// the run of finished ones at its front, so that a restart repeats the unfinished and loses none. Used on the consumer's thread only.
/// </summary>
internal sealed class PartitionProgress
{
    private readonly Dictionary<TopicPartition, Queue<(Offset Offset, Task Work)>> _partitions = [];

    /// <summary>Adds the next message of a partition and the work that it causes.</summary>
    public void Add(TopicPartitionOffset message, Task work)
    {
        if (!_partitions.TryGetValue(message.TopicPartition, out var queue))
        {
            _partitions.Add(message.TopicPartition, queue = new());
        }

        queue.Enqueue((message.Offset, work));
    }

    /// <summary>
    /// Takes the finished messages off the front of each partition, and yields where to go on reading after them. Throws
    /// what their work threw: a message is never passed over in silence.
    /// </summary>
    public IEnumerable<TopicPartitionOffset> TakeFinished()
    {
        foreach (var (partition, queue) in _partitions)
        {
            Offset? last = null;
            while (queue.TryPeek(out var first) && first.Work is { IsCompleted: true, IsCanceled: false })
            {
                first.Work.GetAwaiter().GetResult();
                last = queue.Dequeue().Offset;
            }

            if (last is { } offset)
            {
                yield return new(partition, offset + 1);
            }
        }
    }

    /// <summary>Forgets partitions that this consumer has lost: their next owner goes on from what was committed.</summary>
    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _partitions.Remove(partition);
        }
    }
}
