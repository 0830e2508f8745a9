using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>A certificate made for this run, and clients that trust it and no other.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Localhost { get; } = Create();

    /// <summary>As other programs read it.</summary>
    public static string Pem => Localhost.ExportCertificatePem();

    public static string KeyPem => Localhost.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    /// <summary>What a client needs to accept <see cref="Localhost"/>.</summary>
    public static SslClientAuthenticationOptions Trusted => new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null
            && certificate.GetCertHashString() == Localhost.GetCertHashString(),
    };

    private static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
