using System.Text;
using System.Text.Json.Nodes;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using NSwag.CodeGeneration.OperationNameGenerators;
using OrderService.Client.Generator;

// openapi.json → OrderServiceClient.g.cs: a step of the client's build.
var document = new ClientDocument(JsonNode.Parse(await File.ReadAllTextAsync(args[0]))!);
document.Simplify();
var settings = new CSharpClientGeneratorSettings
{
    ClassName = "OrderServiceClient",
    OperationNameGenerator = new SingleClientFromOperationIdOperationNameGenerator(),
    GenerateClientInterfaces = true,
    GenerateOptionalParameters = true,
    UseBaseUrl = false,
    ParameterDateTimeFormat = "O",
    WrapResponses = true,
    GenerateResponseClasses = false,
    ResponseClass = "OrderServiceResponse",
    GenerateExceptionClasses = false,
    ExceptionClass = "OrderServiceException",
    CSharpGeneratorSettings =
    {
        Namespace = "OrderService.Client",
        JsonLibrary = CSharpJsonLibrary.SystemTextJson,
        GenerateNullableReferenceTypes = true,
        GenerateOptionalPropertiesAsNullable = true,
        GenerateDataAnnotations = false,
        ArrayType = "System.Collections.Generic.IReadOnlyList",
        ArrayInstanceType = "System.Collections.Generic.List",
        DictionaryType = "System.Collections.Generic.IReadOnlyDictionary",
    },
};
var client = new CSharpClientGenerator(await OpenApiDocument.FromJsonAsync(document.ToString()), settings).GenerateFile();
await File.WriteAllTextAsync(args[1], client + document.WriteProblemNames(), Encoding.UTF8);
