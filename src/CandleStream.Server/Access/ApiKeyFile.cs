using System.Text.RegularExpressions;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Access;

/// <summary>The key file: one key a line (name, scope, SHA-256 in hex), <c>#</c> begins a comment.</summary>
internal static partial class ApiKeyFile
{
    private const string Head =
        "# CandleStream keys: name, scope (read or admin), SHA-256 of the key. Delete a line to revoke its key; the server notices.\n";

    /// <exception cref="FormatException">A line is no key, or two have one name; the message names the line, never its text.</exception>
    public static IReadOnlyList<ApiKey> Parse(string text)
    {
        var keys = new List<ApiKey>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var fields = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0) continue;
            if (ParseKey(fields) is not { } key) throw new FormatException(
                $"line {number} is not 'name scope hash' (scope: read or admin; hash: {ApiKey.HashBytes * 2} hexadecimal digits).");
            if (keys.Any(k => k.Name == key.Name)) throw new FormatException($"line {number} repeats a name.");
            keys.Add(key);
        }

        return keys;
    }

    /// <summary>Appends a key, and creates the file for its owner only where there is none.</summary>
    /// <exception cref="StartRefusedException">The name is not allowed or taken, or the file is not a key file.</exception>
    public static void Add(string path, ApiKey key)
    {
        if (!Name.IsMatch(key.Name))
            throw new StartRefusedException($"'{key.Name}' cannot name a key: use 1 to 64 letters, digits, '.', '_' or '-'.");
        var text = File.Exists(path) ? File.ReadAllText(path) : "";
        try
        {
            if (Parse(text).Any(k => k.Name == key.Name)) throw new StartRefusedException($"{path} has a key named {key.Name} already.");
        }
        catch (FormatException e)
        {
            throw new StartRefusedException($"{path}: {e.Message}");
        }

        var start = text.Length == 0 ? Head : text.EndsWith('\n') ? "" : "\n";
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new StreamWriter(path, options);
        file.Write($"{start}{key.Name} {key.Scope.ToString().ToLowerInvariant()} {Convert.ToHexStringLower(key.Hash)}\n");
    }

    private static ApiKey? ParseKey(string[] fields)
    {
        if (fields.Length != 3 || !Name.IsMatch(fields[0]) || !Hash.IsMatch(fields[2])) return null;
        ApiScope? scope = fields[1] switch { "read" => ApiScope.Read, "admin" => ApiScope.Admin, _ => null };
        return scope is null ? null : new ApiKey(fields[0], scope.Value, Convert.FromHexString(fields[2]));
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Name { get; }

    [GeneratedRegex(@"^[0-9A-Fa-f]{64}\z")]
    private static partial Regex Hash { get; }
}
