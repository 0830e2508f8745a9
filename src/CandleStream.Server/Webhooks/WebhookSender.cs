using System.Net.Http.Headers;
using System.Security.Cryptography;
using CandleStream.Client;
using CandleStream.Server.Doors;

namespace CandleStream.Server.Webhooks;

/// <summary>One call of a target: signed, ten seconds at most, redirects not followed.</summary>
internal sealed class WebhookSender(HttpMessageHandler handler, TimeProvider time) : IDisposable
{
    public const string SignatureHeader = "X-CandleStream-Signature";

    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _http = new(handler);

    /// <summary>Sends one candle; null when the target took it, else why not, in words without the address.</summary>
    public async Task<string?> TrySendAsync(
        Webhook target, SeriesKey series, Candle candle, bool isCorrection, bool isSimulated, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            var body = Body(series, candle, isCorrection, isSimulated);
            using var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add(SignatureHeader, "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(target.Secret, body)));
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("CandleStream", null));
            // What the target answers beyond its status is of no interest, and not waited for.
            using var response = await _http.SendAsync(request, either.Token);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && (ConnectionTrouble.Is(e) || e is OperationCanceledException))
        {
            return late.IsCancellationRequested ? $"it did not answer within {Timeout.TotalSeconds:0} s" : "it cannot be reached";
        }
    }

    public void Dispose() => _http.Dispose();

    private byte[] Body(SeriesKey series, Candle candle, bool isCorrection, bool isSimulated) => JsonBytes.Write(json =>
    {
        json.WriteStartObject();
        // The same at every try.
        json.WriteString("id", $"{series}-{candle.Rev}");
        json.WriteString("event", isCorrection ? Webhook.Corrected : Webhook.Closed);
        json.WriteNumber("sent_at", time.GetUtcNow().ToUnixTimeMilliseconds());
        json.WriteString("series", series.ToString());
        json.WritePropertyName("candle");
        CandleJson.Write(json, candle);
        json.WriteBoolean("simulated", isSimulated);
        json.WriteEndObject();
    });
}
