using Microsoft.AspNetCore.Http.HttpResults;

namespace CandleStream.Server.Http;

/// <summary>How the programs behind one path expect to be told of an error, where that is not problem+json.</summary>
/// <param name="prefix">The path that the form holds for, and everything below it.</param>
internal abstract class ErrorForm(PathString prefix)
{
    /// <summary>Answers a request with the form of its path; problem+json where the path has none.</summary>
    public static Task AnswerAsync(HttpContext context, ProblemHttpResult problem)
    {
        var form = context.RequestServices.GetServices<ErrorForm>().FirstOrDefault(f => f.IsFor(context.Request.Path));
        return form is null
            ? problem.ExecuteAsync(context)
            : form.WriteAsync(context, problem.StatusCode, problem.ProblemDetails.Detail ?? "");
    }

    /// <summary>Writes status and body.</summary>
    protected abstract Task WriteAsync(HttpContext context, int status, string detail);

    private bool IsFor(PathString path) => path.StartsWithSegments(prefix);
}
