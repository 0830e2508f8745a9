using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace CandleStream.Server.OpenApi;

/// <summary>Words for describing one operation.</summary>
internal static class OperationDescription
{
    public static OpenApiOperation Says(this OpenApiOperation operation, string summary)
    {
        operation.Summary ??= summary;
        operation.Parameters = [];
        operation.Responses = [];
        return operation;
    }

    public static OpenApiOperation Takes(
        this OpenApiOperation operation, string name, string description, OpenApiSchema schema, JsonNode example, bool required = false)
    {
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Query,
            Description = description,
            Schema = schema,
            Example = example,
            Required = required,
        });
        return operation;
    }

    public static OpenApiOperation TakesHeader(this OpenApiOperation operation, string name, string description)
    {
        operation.Parameters!.Add(
            new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = description, Schema = ApiSchemas.String });
        return operation;
    }

    public static OpenApiOperation Answers(
        this OpenApiOperation operation, int status, string contentType, OpenApiSchema schema, JsonNode example) =>
        operation.Add(status, ReasonPhrases.GetReasonPhrase(status), contentType, schema, example);

    /// <summary>A header of the answer with this status, described before.</summary>
    public static OpenApiOperation Sends(
        this OpenApiOperation operation, int status, string header, string description, OpenApiSchema schema)
    {
        var response = (OpenApiResponse)operation.Responses![Key(status)];
        (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[header] =
            new OpenApiHeader { Description = description, Schema = schema };
        return operation;
    }

    public static OpenApiOperation AnswersNothing(this OpenApiOperation operation, int status, string description)
    {
        operation.Responses![Key(status)] = new OpenApiResponse { Description = description };
        return operation;
    }

    public static OpenApiOperation Refuses(this OpenApiOperation operation, int status, string description, JsonNode example) =>
        operation.Add(status, description, "application/problem+json", ApiSchemas.Problem, example);

    private static OpenApiOperation Add(
        this OpenApiOperation operation, int status, string description, string contentType, OpenApiSchema schema, JsonNode example)
    {
        var responses = operation.Responses!;
        if (!responses.TryGetValue(Key(status), out var response))
            responses[Key(status)] = response =
                new OpenApiResponse { Description = description, Content = new Dictionary<string, OpenApiMediaType>() };
        response.Content!.Add(contentType, new OpenApiMediaType { Schema = schema, Example = example });
        return operation;
    }

    private static string Key(int status) => status.ToString(CultureInfo.InvariantCulture);
}
