using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Proxies;

/// <summary>Where a test's proxy runs, in a folder of its own with the test's certificate.</summary>
/// <param name="Folder">Deleted at the end by the process's owner.</param>
/// <param name="Port">Where it listens, on loopback.</param>
/// <param name="Server">Host and port of the server behind it.</param>
/// <param name="TimeLimit">Of silence, instead of the recipe's; null: as committed.</param>
internal sealed record ProxySite(TempFolder Folder, int Port, string Server, TimeSpan? TimeLimit)
{
    public string Certificate => Folder.File("site.pem");

    public string Key => Folder.File("site.key");

    /// <summary>As one file.</summary>
    public string CertificateAndKey => Folder.File("both.pem");

    public string AccessLog => Folder.File("access.log");

    public string ErrorLog => Folder.File("error.log");

    public string Write(string name, string text)
    {
        File.WriteAllText(Folder.File(name), text);
        return Folder.File(name);
    }

    public void WriteCertificate()
    {
        Write("site.pem", TestCertificate.Pem);
        Write("site.key", TestCertificate.KeyPem);
        Write("both.pem", TestCertificate.Pem + "\n" + TestCertificate.KeyPem);
    }
}
