using System.Text;
using OrderService.Core.Persistence;

namespace OrderService.Tests.Rules;

public sealed class TransitionNotifierTests
{
    /// <summary>NOTIFY refuses 8,000 bytes and more.</summary>
    private const int PayloadLimit = 8_000;

    [Fact]
    public void A_full_notification_fits_and_reads_as_it_was_written()
    {
        var orders = Enumerable.Range(0, TransitionNotifier.BatchSize).Select(_ => Guid.CreateVersion7()).ToList();

        var payload = TransitionNotifier.Write(orders);

        Assert.True(Encoding.UTF8.GetByteCount(payload) < PayloadLimit);
        Assert.Equal(orders, TransitionNotifier.Read(payload));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",,")]
    [InlineData("rubbish")]
    [InlineData("0000000000000000000000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    public void Rubbish_names_no_orders(string payload) => Assert.Empty(TransitionNotifier.Read(payload));
}
