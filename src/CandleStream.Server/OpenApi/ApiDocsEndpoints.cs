using Scalar.AspNetCore;

namespace CandleStream.Server.OpenApi;

/// <summary><c>GET /openapi/v1.json</c> for programs, <c>/docs</c> for people.</summary>
internal static class ApiDocsEndpoints
{
    public const string DocsPath = "/docs";

    public static void AddApiDocs(this WebApplicationBuilder builder) => builder.Services.AddOpenApi(openApi =>
    {
        openApi.AddDocumentTransformer(ApiDescription.DescribeDocument);
        openApi.AddOperationTransformer(ApiDescription.DescribeOperation);
    });

    public static void MapApiDocs(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi();
        // No fonts, no telemetry, no proxy of the package's makers: the pages work without any other host.
        routes.MapScalarApiReference(DocsPath, scalar =>
        {
            scalar.Title = "CandleStream API";
            scalar.DefaultFonts = false;
            scalar.Telemetry = false;
        });
    }
}
