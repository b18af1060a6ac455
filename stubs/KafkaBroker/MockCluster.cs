using System.Net;
using System.Runtime.InteropServices;

namespace KafkaBroker;

/// <summary>
/// One Kafka broker in memory, by librdkafka's <c>rdkafka_mock.h</c>: producers (idempotent and transactional too), consumer groups and
/// committed offsets over the real protocol. It keeps each partition's newest 5 MiB or 100,000 records, and nothing when it ends.
/// </summary>
internal sealed unsafe partial class MockCluster : IDisposable
{
    private readonly nint _client;
    private readonly nint _cluster;

    /// <summary>
    /// librdkafka.redist has several builds for Linux. The first needs a version of libsasl2 that many distributions lack, the others
    /// do not; Confluent's client tries the same ones.
    /// </summary>
    static MockCluster() => NativeLibrary.SetDllImportResolver(
        typeof(MockCluster).Assembly,
        static (library, assembly, path) =>
            NativeLibrary.TryLoad(library, assembly, path, out var handle)
            || NativeLibrary.TryLoad($"centos8-{library}", assembly, path, out handle)
            || NativeLibrary.TryLoad($"alpine-{library}", assembly, path, out handle)
                ? handle
                : 0);

    public MockCluster()
    {
        const int Producer = 0;
        const int ErrorLength = 512;
        var error = stackalloc byte[ErrorLength];

        var configuration = ConfNew();
        // Without brokers of its own the client has nothing to say below 'error' (3 in syslog's scale).
        ConfSet(configuration, "log_level", "3", error, ErrorLength);
        _client = New(Producer, configuration, error, ErrorLength);
        _cluster = _client == 0 ? 0 : WithoutSignals(() => ClusterNew(_client, brokerCount: 1));
        if (_cluster == 0)
        {
            throw new InvalidOperationException($"librdkafka could not start its broker. {Marshal.PtrToStringUTF8((nint)error)}");
        }

        // Consumers of a group get their partitions at once, as in Confluent's image for local development.
        GroupInitialRebalanceDelay(_cluster, milliseconds: 0);
    }

    /// <summary>Where the broker listens: on loopback, with a port of its own choice.</summary>
    public IPEndPoint Address => IPEndPoint.Parse(Marshal.PtrToStringUTF8(Bootstraps(_cluster))!);

    /// <summary>Creates a topic. Others come into being on first use, with librdkafka's fixed default of four partitions.</summary>
    /// <param name="name">Letters, digits, dots, underscores and dashes.</param>
    /// <param name="partitions">At least one.</param>
    /// <exception cref="InvalidOperationException">The broker refuses: the name is taken or not a topic's name.</exception>
    public void CreateTopic(string name, int partitions)
    {
        var code = TopicCreate(_cluster, name, partitions, replicationFactor: 1);
        if (code != 0)
        {
            throw new InvalidOperationException($"The topic '{name}' could not be created: {Marshal.PtrToStringUTF8(ErrorText(code))}");
        }
    }

    /// <summary>Has the broker send its clients to this address instead of its own.</summary>
    public void Advertise(IPEndPoint address) => SetHostPort(_cluster, brokerId: 1, address.Address.ToString(), address.Port);

    /// <summary>Ends the broker; its records are gone.</summary>
    public void Dispose()
    {
        ClusterDestroy(_cluster);
        Destroy(_client);
    }

    /// <summary>
    /// Starts the broker's thread with all signals blocked, which it inherits. It ends for good when a signal interrupts its wait, and
    /// .NET handles some on whichever thread they hit: SIGCONT after a stop, SIGWINCH when the terminal changes its size.
    /// </summary>
    private static nint WithoutSignals(Func<nint> start)
    {
        if (OperatingSystem.IsWindows())
        {
            return start();
        }

        const int LargestSignalSet = 128;
        var (block, restore) = OperatingSystem.IsLinux() ? (0, 2) : (1, 3);
        var all = stackalloc byte[LargestSignalSet];
        var before = stackalloc byte[LargestSignalSet];
        new Span<byte>(all, LargestSignalSet).Fill(0xFF);
        _ = SignalMask(block, all, before);
        try
        {
            return start();
        }
        finally
        {
            _ = SignalMask(restore, before, null);
        }
    }

    private const string Library = "librdkafka";

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    private static partial int SignalMask(int how, byte* set, byte* before);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint ConfNew();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ConfSet(nint configuration, string name, string value, byte* error, nuint errorLength);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint configuration, byte* error, nuint errorLength);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    private static partial nint ErrorText(int code);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint ClusterNew(nint client, int brokerCount);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void ClusterDestroy(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    private static partial void GroupInitialRebalanceDelay(nint cluster, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_host_port", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void SetHostPort(nint cluster, int brokerId, string host, int port);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int TopicCreate(nint cluster, string name, int partitions, int replicationFactor);
}
