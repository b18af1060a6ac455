using System.Reflection;
using OrderService;
using OrderService.AppHost;

try
{
    var builder = DistributedApplication.CreateBuilder(CommandLine.ToSettings(args));

    // What others make: PostgreSQL, Redis and Kafka, in containers or from this machine's own programs.
    var infrastructure = Infrastructure.Choose(builder);
    var orders = infrastructure.AddPostgresDatabase(ResourceNames.Postgres, ResourceNames.Orders, databaseName: "cloudforge_orders");
    var redis = infrastructure.AddRedis(ResourceNames.Redis);
    var kafka = infrastructure.AddKafka(ResourceNames.Kafka, "cloudforge.orders", "cloudforge.payments", "cloudforge.fulfilment");

    // The shop around us, as stubs.
    var products = builder.AddProject<Projects.ProductService>(ResourceNames.Products)
        .WithHttpHealthCheck("/health");

    var users = builder.AddProject<Projects.UserService>(ResourceNames.Users)
        .WithHttpHealthCheck("/health");

    builder.AddProject<Projects.PaymentSimulator>(ResourceNames.Payments)
        .WithReference(kafka)
        .WithHttpHealthCheck("/health")
        .WaitFor(kafka);

    // The order service.
    var migrations = builder.AddProject<Projects.OrderService_Worker>(ResourceNames.Migrations)
        .WithArgs("migrate")
        .WithReference(orders)
        .WaitFor(orders);

    var api = builder.AddProject<Projects.OrderService_Api>(ResourceNames.Api)
        .WithReference(orders)
        .WithReference(redis)
        .WithReference(products)
        .WithReference(users)
        .WithExternalHttpEndpoints()
        .WithHttpHealthCheck("/health")
        .WaitForCompletion(migrations)
        .WaitFor(redis)
        .WaitFor(products)
        .WaitFor(users);

    if (builder.ExecutionContext.IsPublishMode)
    {
        // Once deployed it believes nobody, and does not start, until it knows whose tokens count.
        api.WithEnvironment("Identity__Authority", builder.AddParameter("identity-authority"))
            .WithEnvironment("Identity__Audience", builder.AddParameter("identity-audience"));
    }

    builder.AddProject<Projects.OrderService_Worker>(ResourceNames.Worker)
        .WithReference(orders)
        .WithReference(kafka)
        .WithReference(products)
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/health")
        .WithReplicas(builder.Configuration.GetCount("Worker:Replicas"))
        .WaitForCompletion(migrations)
        .WaitFor(kafka);

    builder.RefuseTakenPorts();
    await builder.Build().RunAsync();
    return Environment.ExitCode;
}
catch (InfrastructureException problem) when (Assembly.GetEntryAssembly() == Assembly.GetExecutingAssembly())
{
    // The person who starts the application reads one message; a test gets the exception.
    await Console.Error.WriteLineAsync(problem.Message);
    return 1;
}
