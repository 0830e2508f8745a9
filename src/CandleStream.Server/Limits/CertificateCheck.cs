using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Limits;

/// <summary>
/// Refuses certificates of the configuration that are over or not yet valid: the web server would serve them, and every client turn away.
/// Their paths count from the working folder, as all others.
/// </summary>
internal static class CertificateCheck
{
    // macOS keeps keys in a keychain only.
    private static X509KeyStorageFlags KeyStorage =>
        OperatingSystem.IsMacOS() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet;

    /// <exception cref="StartRefusedException">A certificate cannot be read or is not valid now.</exception>
    public static void Run(ConfigurationManager configuration, DateTimeOffset now)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().ToList();
        var names = endpoints.SelectMany(e => e.GetSection("Sni").GetChildren());
        var sections = endpoints.Concat(names).Select(e => e.GetSection("Certificate"))
            .Concat(configuration.GetSection("Kestrel:Certificates").GetChildren()).ToList();
        foreach (var section in sections)
        {
            if (section["Path"] is not { } path) continue;
            section["Path"] = Path.GetFullPath(path);
            if (section["KeyPath"] is { } keyPath) section["KeyPath"] = Path.GetFullPath(keyPath);
            using var certificate = Load(section, path);
            if (now > certificate.NotAfter) throw new StartRefusedException(
                $"The certificate {path} ({section.Path}) expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC.");
            if (now < certificate.NotBefore)
                throw new StartRefusedException(
                    $"The certificate {path} ({section.Path}) is valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC only.");
        }
    }

    private static X509Certificate2 Load(IConfigurationSection section, string path)
    {
        try
        {
            var password = section["Password"];
            if (section["KeyPath"] is not { } keyPath) return X509CertificateLoader.LoadPkcs12FromFile(path, password, KeyStorage);
            return password is null
                ? X509Certificate2.CreateFromPemFile(path, keyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"The certificate {path} ({section.Path}) cannot be read: {e.Message}");
        }
    }
}
