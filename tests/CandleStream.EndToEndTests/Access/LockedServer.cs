using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;

namespace CandleStream.EndToEndTests.Access;

/// <summary>A server that asks for keys, with one of each scope in its key file.</summary>
internal sealed class LockedServer : IAsyncDisposable
{
    private readonly TempFolder _folder;

    private LockedServer(RunningServer server, TempFolder folder) => (Server, _folder) = (server, folder);

    public static string ReadKey { get; } = ApiKey.Generate();

    public static string AdminKey { get; } = ApiKey.Generate();

    public RunningServer Server { get; }

    /// <summary>Sends no key by itself.</summary>
    public HttpClient Client => Server.Client;

    public string KeyFile => _folder.File("keys.txt");

    public static Task<LockedServer> StartAsync(params (string Key, string Value)[] settings) => StartAsync(null, settings);

    /// <param name="time">The server's clock; null: the machine's.</param>
    /// <param name="settings">Beyond the key file.</param>
    public static async Task<LockedServer> StartAsync(TimeProvider? time, params (string Key, string Value)[] settings)
    {
        var folder = new TempFolder();
        ApiKeyFile.Add(folder.File("keys.txt"), new ApiKey("charts", ApiScope.Read, ApiKey.HashOf(ReadKey)));
        ApiKeyFile.Add(folder.File("keys.txt"), new ApiKey("operator", ApiScope.Admin, ApiKey.HashOf(AdminKey)));
        var server = await RunningServer.StartAsync(
            time, [("Security:KeyFile", folder.File("keys.txt")), ("Security:SealFolder", folder.File("seals")), .. settings]);
        return new LockedServer(server, folder);
    }

    public Task<HttpResponseMessage> AskAsync(string path, string? key = null, HttpMethod? method = null) =>
        AskAsync(path, key is null ? [] : [("X-API-Key", key)], method);

    public Task<HttpResponseMessage> AskAsync(string path, (string Name, string Value)[] headers, HttpMethod? method = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>The status alone.</summary>
    public async Task<int> StatusAsync(string path, string? key = null, HttpMethod? method = null)
    {
        using var answer = await AskAsync(path, key, method);
        return (int)answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
