using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>
/// THIRD-PARTY-NOTICES.md lists what is shipped, in the versions of the lock files, under the licenses that the packages state.
/// </summary>
public sealed partial class ThirdPartyNoticesTests
{
    private sealed record Package(string Name, string Version, string License);

    [Fact]
    public void Every_shipped_package_is_listed_and_no_other() => Assert.Equal(Shipped().Order(), Listed().Order());

    private static IEnumerable<string> Shipped() => NuGet().Concat(Npm()).Select(p => p.ToString()).Distinct();

    private static IEnumerable<string> Listed() => Row.Matches(File.ReadAllText(In("THIRD-PARTY-NOTICES.md")))
        .Select(m => new Package(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value).ToString());

    private static IEnumerable<Package> NuGet()
    {
        foreach (var project in (IEnumerable<string>)["CandleStream.Server", "CandleStream.Client"])
        {
            var frameworks = Json(In("src", project, "packages.lock.json"))["dependencies"]!.AsObject();
            foreach (var (name, package) in frameworks.SelectMany(f => f.Value!.AsObject()))
            {
                if ((string?)package!["type"] == "Project") continue;
                var version = (string)package["resolved"]!;
                yield return new Package(name, version, LicenseOf(name, version));
            }
        }
    }

    private static IEnumerable<Package> Npm()
    {
        const string Folder = "node_modules/";
        foreach (var (path, package) in Json(In("frontend", "package-lock.json"))["packages"]!.AsObject())
        {
            if (!path.StartsWith(Folder, StringComparison.Ordinal) || package!["dev"] is not null || package["devOptional"] is not null
                || package["link"] is not null) continue;
            yield return new Package(path[(path.LastIndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..],
                (string)package["version"]!, (string)package["license"]!);
        }
    }

    // The build has restored every package, so its own statement is at hand.
    private static string LicenseOf(string name, string version)
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var id = name.ToLowerInvariant();
        var statement = XDocument.Load(Path.Combine(packages, id, version, id + ".nuspec"));
        // Older packages name an address only.
        return (Element("license") ?? Element("licenseUrl"))!.Value;

        XElement? Element(string element) => statement.Descendants().SingleOrDefault(e => e.Name.LocalName == element);
    }

    private static JsonNode Json(string path) => JsonNode.Parse(File.ReadAllText(path))!;

    private static string In(params string[] parts) => Path.Combine([Repository.Root, .. parts]);

    [GeneratedRegex(@"^\| (\S+) \| (\d\S*) \| (.+?) \| .+ \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row { get; }
}
