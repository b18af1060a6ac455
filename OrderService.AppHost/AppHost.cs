using System.Reflection;
using OrderService;
using OrderService.AppHost;
using OrderService.AppHost.Publishing;

try
{
    var builder = DistributedApplication.CreateBuilder(CommandLine.ToSettings(args));

    // What others make: PostgreSQL, Redis and Kafka, in containers or from this machine's own programs.
    var infrastructure = Infrastructure.Choose(builder);
    var orders = infrastructure.AddPostgresDatabase(ResourceNames.Postgres, ResourceNames.Orders, databaseName: "cloudforge_orders");
    var redis = infrastructure.AddRedis(ResourceNames.Redis);
    var kafka = infrastructure.AddKafka(ResourceNames.Kafka, "cloudforge.orders", "cloudforge.payments", "cloudforge.fulfilment");

    // The shop around us: stubs, or where it is deployed the shop's own services.
    var shop = new Shop(builder);
    var products = shop.AddService<Projects.ProductService>(ResourceNames.Products);
    var users = shop.AddService<Projects.UserService>(ResourceNames.Users);
    if (shop.HasStubs)
    {
        builder.AddProject<Projects.PaymentSimulator>(ResourceNames.Payments)
            .WithReference(kafka)
            .WithHttpHealthCheck("/health")
            .WaitFor(kafka);
    }

    // The order service.
    var migrations = builder.AddProject<Projects.OrderService_Worker>(ResourceNames.Migrations)
        .WithArgs("migrate")
        .WithReference(orders)
        .WaitFor(orders);

    var api = builder.AddProject<Projects.OrderService_Api>(ResourceNames.Api)
        .WithReference(orders)
        .WithReference(redis)
        .WithService(products)
        .WithService(users)
        .WithExternalHttpEndpoints()
        .WithHttpHealthCheck("/health")
        .WithReplicas(builder.Configuration.GetCount("Api:Replicas"))
        .WaitForCompletion(migrations)
        .WaitFor(redis)
        .WaitFor(products)
        .WaitFor(users);

    if (builder.ExecutionContext.IsPublishMode && !shop.HasStubs)
    {
        // Once deployed it believes nobody, and does not start, until it knows whose tokens count.
        api.WithEnvironment("Identity__Authority", builder.AddParameter("identity-authority"))
            .WithEnvironment("Identity__Audience", builder.AddParameter("identity-audience"));
    }
    else if (builder.ExecutionContext.IsPublishMode)
    {
        // A demonstration is for everybody who gets there.
        api.WithEnvironment("Identity__TrustGatewayHeader", "true");
    }
    else if (builder.Configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } dashboard)
    {
        // From an order on the operations page to its traces.
        api.WithEnvironment("Operations__Dashboard", dashboard);
    }

    builder.AddProject<Projects.OrderService_Worker>(ResourceNames.Worker)
        .WithReference(orders)
        .WithReference(kafka)
        .WithService(products)
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/health")
        .WithReplicas(builder.Configuration.GetCount("Worker:Replicas"))
        .WaitForCompletion(migrations)
        .WaitFor(kafka);

    builder.PrepareDeployment();
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
