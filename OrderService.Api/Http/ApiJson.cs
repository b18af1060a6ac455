using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using OrderService.Api.Operations;
using OrderService.Api.Orders;
using OrderService.Api.Pages;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Api.Http;

/// <summary>The JSON of everything that the API reads and writes, generated at build time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, Converters = [typeof(OrderStatusJsonConverter), typeof(UtcJsonConverter)])]
[JsonSerializable(typeof(AddToCartRequest))]
[JsonSerializable(typeof(SetQuantityRequest))]
[JsonSerializable(typeof(MergeCartRequest))]
[JsonSerializable(typeof(CartResponse))]
[JsonSerializable(typeof(CheckoutRequest))]
[JsonSerializable(typeof(PlaceOrderRequest))]
[JsonSerializable(typeof(CancelOrderRequest))]
[JsonSerializable(typeof(CancelItemsRequest))]
[JsonSerializable(typeof(OrderResponse))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(OrderHistoryResponse))]
[JsonSerializable(typeof(OutboxResponse))]
[JsonSerializable(typeof(SummaryResponse))]
[JsonSerializable(typeof(FoundOrderPage))]
[JsonSerializable(typeof(OrderStory))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(DeadLetterDetail))]
[JsonSerializable(typeof(ReplayDeadLettersRequest))]
[JsonSerializable(typeof(ReplayDeadLettersResponse))]
[JsonSerializable(typeof(OrderRecord))]
[JsonSerializable(typeof(ImportResponse))]
[JsonSerializable(typeof(PageSettings))]
[JsonSerializable(typeof(Shelf))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(Dictionary<string, string[]>))]
[JsonSerializable(typeof(IReadOnlyList<Shortage>))]
[JsonSerializable(typeof(IReadOnlyList<PriceChange>))]
[JsonSerializable(typeof(IReadOnlyList<LineNotCancellable>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ApiJson : JsonSerializerContext;
