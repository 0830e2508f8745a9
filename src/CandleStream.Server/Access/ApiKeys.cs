using System.Security.Cryptography;
using CandleStream.Server.Hosting;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>The keys that open the server, read again when their file changes. Thread-safe.</summary>
internal sealed partial class ApiKeys : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string? _path;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeys> _logger;

    // Owned by the loop: what the file held when it was last looked at, good or bad, so that each change is told once.
    private string? _text;
    private string? _trouble;

    // Replaced whole by the loop; any thread may read it.
    private volatile IReadOnlyList<ApiKey> _keys = [];

    /// <exception cref="StartRefusedException">The key file cannot be read, or holds no key.</exception>
    public ApiKeys(IOptions<AccessOptions> options, TimeProvider time, ILogger<ApiKeys> logger)
    {
        (_path, _time, _logger) = (options.Value.KeyFile, time, logger);
        if (_path is null) return;
        if (TryRead() is { } trouble)
            throw new StartRefusedException($"Security:KeyFile={_path}: {trouble} The command 'keys add NAME' makes keys.");
        if (_keys.Count == 0) throw new StartRefusedException(
            $"Security:KeyFile={_path} holds no key, so no client could connect. The command 'keys add NAME' makes keys.");
    }

    /// <summary>False where no key file is configured: then everybody may read everything.</summary>
    public bool AreRequired => _path is not null;

    /// <summary>The key with this text; null where there is none. Takes as long for a near miss as for nonsense.</summary>
    public ApiKey? Find(string text)
    {
        var hash = ApiKey.HashOf(text);
        ApiKey? found = null;
        foreach (var key in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(key.Hash, hash)) found = key;
        }

        return found;
    }

    /// <summary>The key that a ticket or a session was made for, if it is still in the file.</summary>
    public ApiKey? Find(string? name, string? id) => _keys.FirstOrDefault(k => k.Name == name && k.Id == id);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_path is null) return;
        using var look = new PeriodicTimer(LookEvery, _time);
        try
        {
            while (await look.WaitForNextTickAsync(stoppingToken)) Look();
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void Look()
    {
        var (before, troubleBefore) = (_keys, _trouble);
        _trouble = TryRead();
        if (_trouble is not null && _trouble != troubleBefore) LogKept(_path!, _trouble);
        if (!ReferenceEquals(_keys, before)) LogReloaded(_path!, _keys.Count);
    }

    /// <summary>Takes the file's keys if it changed; says in a sentence why it cannot, and then keeps those it had.</summary>
    private string? TryRead()
    {
        try
        {
            var text = File.ReadAllText(_path!);
            if (text == _text) return _trouble;
            _text = text;
            Take(ApiKeyFile.Parse(text));
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _text = null;
            return $"it cannot be read ({e.Message}).";
        }
    }

    // A key that stays is the same object as before: what it opened goes on.
    private void Take(IReadOnlyList<ApiKey> read)
    {
        var before = _keys;
        _keys = [.. read.Select(key => before.FirstOrDefault(key.Equals) ?? key)];
        foreach (var removed in before.Except(_keys)) removed.Remove();
    }

    [LoggerMessage(LogLevel.Information, "Keys of {Path} read again: {Count} now")]
    private partial void LogReloaded(string path, int count);

    [LoggerMessage(LogLevel.Error, "The keys stay as they were, for the key file {Path} is not usable: {Trouble}")]
    private partial void LogKept(string path, string trouble);
}
