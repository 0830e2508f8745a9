using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator.InProcess;

/// <summary>
/// Answers REST calls from the simulator in the same process: for an <see cref="HttpClient"/> that shall work without a socket, on virtual
/// time.
/// </summary>
public sealed class SimulatorHttpHandler : HttpMessageHandler
{
    private readonly SimulatorRest _rest;

    internal SimulatorHttpHandler(SimulatorRest rest) => _rest = rest;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var uri = request.RequestUri ?? throw new InvalidOperationException("The request has no address.");
        var answer = await _rest.AnswerAsync(Uri.UnescapeDataString(uri.AbsolutePath), uri.Query, cancellationToken);
        if (answer.Status == 0)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "The simulated exchange is unreachable.");

        // A handler over sockets decompresses before anybody reads; so does this one.
        HttpContent content = answer.IsSpoiledGzip
            ? new StreamContent(new GZipStream(new MemoryStream(answer.Body), CompressionMode.Decompress))
            : new ByteArrayContent(answer.Body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(answer.ContentType);
        var response = new HttpResponseMessage((HttpStatusCode)answer.Status) { Content = content, RequestMessage = request };
        response.Headers.Date = answer.Date;
        foreach (var (name, value) in answer.Headers)
            response.Headers.TryAddWithoutValidation(name, value);
        if (answer.Age is { } age)
            response.Headers.Age = TimeSpan.FromSeconds(age);
        return response;
    }
}
