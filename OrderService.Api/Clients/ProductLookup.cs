using System.Diagnostics;

namespace OrderService.Api.Clients;

/// <summary>
/// Looks products up for requests that need one each. What comes while two calls are under way shares the next one, so that a busy API
/// asks less often. No answer is older than its request.
/// </summary>
internal sealed class ProductLookup(IHttpClientFactory clients, TimeProvider time)
{
    private const int CallsAtOnce = 2;

    /// <summary>How long a call is waited for: a slow one holds up those that share it, and nobody else.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a request waits, whatever becomes of the calls: longer than one call with all its tries, and the wait for it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    /// <summary>So many ids fit into an address.</summary>
    private const int MostProducts = 100;

    private readonly Lock _guard = new();
    private readonly Queue<Question> _waiting = [];
    private int _calls;

    /// <summary>The product, or <c>null</c> if it is unknown or not for sale.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public async Task<Product?> FindAsync(string productId, CancellationToken cancellationToken)
    {
        var question = new Question(productId);
        if (MayAsk(question))
        {
            _ = TakePlaceAsync([question]);
        }

        return await ServiceClients.CallAsync(ResourceNames.Products, () => question.Answer.WaitAsync(Longest, time, cancellationToken));
    }

    /// <summary>Whether there is a place for a call; where not, the question waits for one.</summary>
    private bool MayAsk(Question question)
    {
        lock (_guard)
        {
            if (_calls == CallsAtOnce)
            {
                _waiting.Enqueue(question);
                return false;
            }

            _calls++;
            return true;
        }
    }

    /// <summary>Asks, and has the next ones asked in its place.</summary>
    private async Task TakePlaceAsync(List<Question> questions)
    {
        await AskAsync(questions).WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        AskNext();
    }

    /// <summary>Asks. Each request that wants to know is told how that ended.</summary>
    private async Task AskAsync(List<Question> questions)
    {
        try
        {
            var products = new ProductClient(clients.CreateClient(ResourceNames.Products));
            if (questions is [var only])
            {
                only.Tell(await products.FindAsync(only.ProductId, CancellationToken.None));
                return;
            }

            var found = await products.ReadAllAsync(questions.Select(question => question.ProductId).Distinct(), CancellationToken.None);
            var byId = found.DistinctBy(product => product.Id).ToDictionary(product => product.Id, StringComparer.Ordinal);
            questions.ForEach(question => question.Tell(byId.GetValueOrDefault(question.ProductId)));
        }
        catch (Exception e)
        {
            questions.ForEach(question => question.Fail(e));
        }
    }

    private void AskNext()
    {
        List<Question> questions = [];
        lock (_guard)
        {
            while (questions.Count < MostProducts && _waiting.TryDequeue(out var question))
            {
                questions.Add(question);
            }

            if (questions.Count == 0)
            {
                _calls--;
                return;
            }
        }

        // On behalf of the first, in whose trace the call is; the traces of the others lead there.
        questions.ForEach(question => question.LinkTo(questions[0]));
        questions[0].Run(() => _ = TakePlaceAsync(questions));
    }

    /// <summary>What one request wants to know.</summary>
    private sealed class Question(string productId)
    {
        private readonly TaskCompletionSource<Product?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private readonly Activity? _request = Activity.Current;

        public string ProductId => productId;

        public Task<Product?> Answer => _answer.Task;

        public void Tell(Product? product) => _answer.TrySetResult(product);

        /// <summary>Makes no one else's answer depend on how this product is described.</summary>
        public void Tell(ProductClient.ProductAnswer? product)
        {
            try
            {
                Tell(product is null ? null : ProductClient.ForSale(product));
            }
            catch (DependencyUnavailableException e)
            {
                Fail(e);
            }
        }

        public void Fail(Exception failure) => _answer.TrySetException(failure);

        public void LinkTo(Question first)
        {
            if (first != this && first._request is { } request)
            {
                _request?.AddLink(new ActivityLink(request.Context));
            }
        }

        /// <summary>Runs something as the request that asks.</summary>
        public void Run(Action action)
        {
            if (_context is null)
            {
                action();
            }
            else
            {
                ExecutionContext.Run(_context, static run => ((Action)run!)(), action);
            }
        }
    }
}
