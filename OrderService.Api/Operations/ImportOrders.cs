using System.Security.Claims;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Api.Http;
using OrderService.Core.Persistence;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace OrderService.Api.Operations;

/// <summary>What became of the lines.</summary>
/// <param name="Received">Lines with anything in them.</param>
/// <param name="Imported">Lines that are an order now.</param>
/// <param name="Unchanged">Lines whose order was imported before, or is here like that: nothing was done.</param>
/// <param name="Refused">Lines that are no order, or another one than the order of this external id.</param>
/// <param name="Refusals">The first 1,000 of them.</param>
internal sealed record ImportResponse(int Received, int Imported, int Unchanged, int Refused, IReadOnlyList<ImportRefusal> Refusals);

/// <summary>A line that was refused.</summary>
/// <param name="Line">Its number, from 1, with the empty ones counted.</param>
/// <param name="ExternalId">Its order, where that could be read.</param>
/// <param name="Reason">What is wrong, by field.</param>
internal sealed record ImportRefusal(
    int Line, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ExternalId, string Reason);

/// <summary>
/// POST /api/operations/import, a line of JSON for each order. It is read as it comes and written batch by batch: what is written stays,
/// whatever becomes of the rest, and the same lines again do the rest.
/// </summary>
internal static partial class ImportOrders
{
    private static readonly ConcurrencyLimiter OneAtATime = new(new() { PermitLimit = 1, QueueLimit = 0 });

    public static async Task<Results<Ok<ImportResponse>, ProblemHttpResult>> HandleAsync(
        HttpContext http,
        ClaimsPrincipal user,
        [FromKeyedServices(OrdersDatabase.Sessions)] NpgsqlDataSource database,
        OrderRecordReader stored,
        TimeProvider time,
        IOptions<JsonOptions> json,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        using var place = OneAtATime.AttemptAcquire();
        if (!place.IsAcquired)
        {
            return Problems.Busy(http.Response, "import-in-progress", "This replica imports already. Try again when that is done.");
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var type = (JsonTypeInfo<OrderRecord>)json.Value.SerializerOptions.GetTypeInfo(typeof(OrderRecord));
        var import = new OrderImport(new ImportedOrders(connection), stored, type, time);
        var (logger, userId) = (loggers.CreateLogger(typeof(ImportOrders)), user.Id);
        try
        {
            await import.RunAsync(http.Request.BodyReader, cancellationToken);
            http.Features.Set(ReceivedBody.Instance);
            return TypedResults.Ok(import.Response);
        }
        finally
        {
            var done = import.Response;
            LogImported(logger, userId, done.Received, done.Imported, done.Unchanged, done.Refused);
        }
    }

    [LoggerMessage(
        EventId = 2303,
        EventName = "OrdersImported",
        Level = LogLevel.Information,
        Message = "{UserId} imported orders: {Received} lines, of which {Imported} are new orders, {Unchanged} were there and {Refused} are refused")]
    private static partial void LogImported(ILogger logger, Guid userId, int received, int imported, int unchanged, int refused);
}
