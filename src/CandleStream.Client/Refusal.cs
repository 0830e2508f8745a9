using System.Text.Json;

namespace CandleStream.Client;

/// <summary>An answer that is not the one asked for: why, and when to come back.</summary>
internal sealed record Refusal(string Reason, TimeSpan RetryAfter, int Status)
{
    private const int MaxProblemBytes = 64 * 1024;

    /// <summary>Null when the answer is a success of this type.</summary>
    /// <exception cref="CandleStreamRefusedException">Asking again cannot help.</exception>
    public static async Task<Refusal?> OfAsync(
        HttpResponseMessage answer, string expectedType, DateTimeOffset now, CancellationToken cancel)
    {
        var type = answer.Content.Headers.ContentType?.MediaType ?? "nothing";
        if (answer.IsSuccessStatusCode) return type == expectedType
            ? null
            : new Refusal($"answered with {type} instead of {expectedType}", TimeSpan.Zero, (int)answer.StatusCode);
        var status = (int)answer.StatusCode;
        var wait = AskedWait.Of(answer.Headers.RetryAfter, now);
        // Without a problem it is somebody in between who speaks, and may say something else tomorrow.
        if (type != "application/problem+json" || await ReadDetailAsync(answer.Content, cancel) is not { } detail)
            return new Refusal($"refused with status {status}", wait, status);
        if (status is 400 or 401 or 403 or 404 or 406) throw new CandleStreamRefusedException(status, detail);
        return new Refusal($"refused with status {status}: {detail}", wait, status);
    }

    private static async Task<string?> ReadDetailAsync(HttpContent content, CancellationToken cancel)
    {
        try
        {
            await content.LoadIntoBufferAsync(MaxProblemBytes, cancel);
            var problem = JsonElement.Parse(await content.ReadAsByteArrayAsync(cancel));
            return problem.GetProperty("detail").GetString();
        }
        catch (Exception e) when (StreamEvent.IsGarbled(e))
        {
            return null;
        }
    }
}
