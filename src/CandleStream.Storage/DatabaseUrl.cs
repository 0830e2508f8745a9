using System.Globalization;
using Npgsql;

namespace CandleStream.Storage;

/// <summary>
/// Reads <c>DATABASE_URL</c>: <c>postgresql://user:password@host:port/database?sslmode=…</c> (also <c>postgres://</c>), an IPv6 host in
/// brackets, a Unix socket as <c>postgresql:///database?host=/var/run/postgresql</c>. Parts are percent-encoded. Source: PostgreSQL
/// documentation, "Connection URIs". Errors are one line and never repeat a piece of the text that could be the password.
/// </summary>
public static class DatabaseUrl
{
    private static readonly string[] Schemes = ["postgresql://", "postgres://"];

    private static readonly string[] Parameters =
    [
        "application_name", "channel_binding", "connect_timeout", "dbname", "gssencmode", "host", "options", "password", "port",
        "sslcert", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "target_session_attrs", "user",
    ];

    // What PostgreSQL's own library knows and we do not need: it changes nothing for us, and a provider's URL may bring it.
    private static readonly string[] Ignored =
    [
        "client_encoding", "fallback_application_name", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
        "load_balance_hosts",
        "sslcompression", "sslsni", "tcp_user_timeout",
    ];

    private static readonly Dictionary<string, SslMode> SslModes = new(StringComparer.Ordinal)
    {
        ["disable"] = SslMode.Disable,
        ["allow"] = SslMode.Allow,
        ["prefer"] = SslMode.Prefer,
        ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA,
        ["verify-full"] = SslMode.VerifyFull,
    };

    private static readonly Dictionary<string, ChannelBinding> ChannelBindings = new(StringComparer.Ordinal)
    {
        ["disable"] = ChannelBinding.Disable,
        ["prefer"] = ChannelBinding.Prefer,
        ["require"] = ChannelBinding.Require,
    };

    private static readonly Dictionary<string, SslNegotiation> SslNegotiations = new(StringComparer.Ordinal)
    {
        ["postgres"] = SslNegotiation.Postgres,
        ["direct"] = SslNegotiation.Direct,
    };

    private static readonly Dictionary<string, GssEncryptionMode> GssModes = new(StringComparer.Ordinal)
    {
        ["disable"] = GssEncryptionMode.Disable,
        ["prefer"] = GssEncryptionMode.Prefer,
        ["require"] = GssEncryptionMode.Require,
    };

    // One host is named, and it must take writes; these ask for that or for less.
    private static readonly string[] WritableSessions = ["any", "read-write", "primary", "prefer-standby"];

    /// <summary>The settings for a connection.</summary>
    /// <param name="url">The text of <c>DATABASE_URL</c>.</param>
    /// <param name="connectTimeout">How long a connection may take to come up, unless the URL has its own <c>connect_timeout</c>. Default:
    /// 5 s.</param>
    /// <exception cref="StoreRefusedException">The text is not such a URL.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string url, TimeSpan? connectTimeout = null)
    {
        var text = url.Trim();
        var scheme = Array.Find(Schemes, s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase))
            ?? throw Malformed("it must start with postgresql://");
        var rest = text[scheme.Length..];
        var authorityEnd = rest.IndexOfAny(['/', '?', '#']);
        var authority = authorityEnd < 0 ? rest : rest[..authorityEnd];
        var tail = authorityEnd < 0 ? "" : rest[authorityEnd..];
        // An '@' this far right means that the password holds a raw / ? or #: no piece of what follows may be named.
        if (tail.Contains('@') || tail.Contains('#'))
            throw Malformed("characters such as / ? # @ must be percent-encoded (%2F %3F %23 %40) in user, password and database");

        var settings =
            new NpgsqlConnectionStringBuilder { Timeout = (int)Math.Ceiling((connectTimeout ?? TimeSpan.FromSeconds(5)).TotalSeconds) };
        ReadAuthority(authority, settings);
        var query = tail.IndexOf('?', StringComparison.Ordinal);
        var database = Decode(query < 0 ? tail : tail[..query], "the database name").TrimStart('/');
        if (database.Contains('/')) throw Malformed("the database name holds a '/'");
        if (database.Length > 0) settings.Database = database;
        // No '@' follows. Where one stands before, or no ':' does, the password cannot reach into the parameters, and their names may be
        // told.
        if (query >= 0) ReadParameters(tail[(query + 1)..], settings, mayName: authority.Contains('@') || !authority.Contains(':'));
        if (string.IsNullOrEmpty(settings.Database)) throw Malformed("it names no database: postgresql://user:password@host:port/database");
        if (string.IsNullOrEmpty(settings.Host)) settings.Host = "localhost";
        return settings;
    }

    private static void ReadAuthority(string authority, NpgsqlConnectionStringBuilder settings)
    {
        var at = authority.LastIndexOf('@');
        if (at >= 0) ReadUser(authority[..at], settings);
        var address = authority[(at + 1)..];
        if (address.Contains(',')) throw Malformed("several hosts are not supported");
        var colon = address.LastIndexOf(':');
        if (address.StartsWith('['))
        {
            var bracket = address.IndexOf(']', StringComparison.Ordinal);
            if (bracket < 0 || (bracket + 1 < address.Length && address[bracket + 1] != ':'))
                throw Malformed("the IPv6 address must stand in brackets: [::1]:5432");
            settings.Host = address[1..bracket];
            if (!System.Net.IPAddress.TryParse(settings.Host, out _)) throw Malformed("the text in brackets is not an IPv6 address");
            colon = bracket + 1 < address.Length ? bracket + 1 : -1;
        }
        else
        {
            var host = Decode(colon < 0 ? address : address[..colon], "the host");
            if (host.Contains(':')) throw Malformed("an IPv6 address must stand in brackets: [::1]:5432");
            if (host.Length > 0) settings.Host = host;
        }

        if (colon >= 0 && colon + 1 < address.Length) settings.Port = ReadPort(address[(colon + 1)..]);
    }

    private static void ReadUser(string userInfo, NpgsqlConnectionStringBuilder settings)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        var user = Decode(colon < 0 ? userInfo : userInfo[..colon], "the user");
        if (user.Length > 0) settings.Username = user;
        if (colon >= 0) settings.Password = Decode(userInfo[(colon + 1)..], "the password");
    }

    private static void ReadParameters(string query, NpgsqlConnectionStringBuilder settings, bool mayName)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            if (equals >= 0 && Ignored.Contains(name)) continue;
            if (equals < 0 || !Parameters.Contains(name))
                throw Malformed(
                    $"it has {(mayName && LooksLikeName(name) ? $"the parameter {name}, which" : "a parameter that")} is not one of {string.Join(", ", Parameters)}");
            Apply(name, Decode(pair[(equals + 1)..], "the parameter " + name), settings);
        }
    }

    private static bool LooksLikeName(string text) => text.Length is > 0 and <= 32 && text.All(c => char.IsAsciiLetter(c) || c == '_');

    private static T Choose<T>(string name, string value, Dictionary<string, T> choices) =>
        choices.TryGetValue(value, out var chosen) ? chosen : throw Malformed($"{name} must be one of {string.Join(", ", choices.Keys)}");

    private static void Apply(string name, string value, NpgsqlConnectionStringBuilder settings)
    {
        switch (name)
        {
            case "application_name": settings.ApplicationName = value; break;
            case "channel_binding": settings.ChannelBinding = Choose(name, value, ChannelBindings); break;
            case "connect_timeout": settings.Timeout = ReadSeconds(value); break;
            case "dbname": settings.Database = value; break;
            case "gssencmode": settings.GssEncryptionMode = Choose(name, value, GssModes); break;
            case "host": settings.Host = value; break;
            case "options": settings.Options = value; break;
            case "password": settings.Password = value; break;
            case "port": settings.Port = ReadPort(value); break;
            case "sslcert": settings.SslCertificate = value; break;
            case "sslkey": settings.SslKey = value; break;
            case "sslmode": settings.SslMode = Choose(name, value, SslModes); break;
            case "sslnegotiation": settings.SslNegotiation = Choose(name, value, SslNegotiations); break;
            case "sslpassword": settings.SslPassword = value; break;
            case "sslrootcert": settings.RootCertificate = value; break;
            case "target_session_attrs":
                if (!WritableSessions.Contains(value))
                    throw Malformed($"target_session_attrs must be one of {string.Join(", ", WritableSessions)}: the store is written to");
                break;
            case "user": settings.Username = value; break;
        }
    }

    private static int ReadPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw Malformed("the port is not a number from 1 to 65535 (a ':' or '@' in the password must be percent-encoded: %3A %40)");

    private static int ReadSeconds(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 1024
            ? seconds
            : throw Malformed("connect_timeout must be a number of seconds from 1 to 1024");

    private static string Decode(string text, string what)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                throw Malformed($"{what} holds a '%' without two hexadecimal digits behind it (write %25 for a percent sign)");
        }

        var decoded = Uri.UnescapeDataString(text);
        return decoded.Contains('\0') ? throw Malformed($"{what} holds a zero byte (%00)") : decoded;
    }

    private static StoreRefusedException Malformed(string why) => new($"DATABASE_URL is malformed: {why}.");
}
