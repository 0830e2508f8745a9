using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CandleStream.Server.Candles;
using CandleStream.Server.Configuration;

namespace CandleStream.EndToEndTests.Setup;

/// <summary>docs/configuration.md as the options' doc comments give it.</summary>
internal static partial class ConfigurationDocs
{
    private const string Head = """
        # Configuration

        Made from the doc comments of the options classes; a test fails when the two part (`CANDLESTREAM_UPDATE_DOCS=1` rewrites this file, see CONTRIBUTING.md).

        Settings come from, the later ones winning:

        1. `appsettings.json` beside the program, then `appsettings.json` in the folder where it is started;
        2. the environment: `Streaming__Linger=00:01:00` (two underscores for a colon);
        3. the command line: `--Streaming:Linger=00:01:00`.

        Times are written `hh:mm:ss`, with days as `d.hh:mm:ss`. An unknown switch, an unknown key in one of these sections and a value that is not allowed
        stop the start with one line on standard error and an exit code other than 0. Relative paths count from the folder where the server is started.

        | switch | the same as | meaning |
        |---|---|---|
        | `--demo` | `--Demo:Enabled=true` | the built-in exchange simulator instead of the exchange: no network needed, prices are not real |
        | `--Urls=http://127.0.0.1:8000` | `ASPNETCORE_URLS` | where to listen, several with semicolons; default `http://127.0.0.1:8000` |
        | `--host ADDRESS`, `--port N` | `--Urls=http://ADDRESS:N` | where to listen; port 0 picks a free one |

        | variable | meaning |
        |---|---|
        | `DATABASE_URL` | `postgresql://user:password@host:port/database?sslmode=…` keeps candles in PostgreSQL instead of the SQLite file. It never appears in logs or answers. The demo refuses it. |
        | `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` | the proxy that everything to the exchange goes through, socket and REST: `HTTPS_PROXY=http://proxy.example.org:3128` serves `https` and `wss` addresses (the proxy must allow CONNECT), `HTTP_PROXY` serves `http` and `ws`, `ALL_PROXY` both. `NO_PROXY` lists hosts that are reached directly, between commas. |

        Logging is the framework's: `--Logging:LogLevel:Default=Debug`, `--Logging:Console:FormatterName=json` for one JSON object a line. TLS and HTTP/2 are Kestrel's:
        `Kestrel:Endpoints:…`.

        """;

    public static string Write()
    {
        var page = new StringBuilder(Head);
        foreach (var section in SettingsSection.All.GroupBy(s => s.Name))
        {
            page.AppendLine().AppendLine($"## {section.Key}").AppendLine();
            foreach (var type in section.Select(s => s.Type)) page.AppendLine(AfterColon(Summary(Member('T', type, null))));
            page.AppendLine().AppendLine("| key | allowed | meaning |").AppendLine("|---|---|---|");
            foreach (var property in section.SelectMany(s => s.Type.GetProperties()))
                page.AppendLine(
                    $"| `{section.Key}:{property.Name}` | {Allowed(property)} | {Summary(Member('P', property.DeclaringType!, property.Name))} |");
        }

        foreach (var (name, type) in ((string, Type)[])[
            (ExchangesOptions.Section, typeof(ExchangesOptions)), (RecordOptions.Section, typeof(RecordOptions))])
        {
            page.AppendLine().AppendLine($"## {name}").AppendLine();
            page.AppendLine(AfterColon(Summary(Member('T', type, null))));
        }

        return page.ToString();
    }

    private static string Allowed(PropertyInfo property)
    {
        if (property.GetCustomAttribute<System.ComponentModel.DataAnnotations.RangeAttribute>() is { } range)
            return $"{range.Minimum} … {range.Maximum}";
        var type = property.PropertyType;
        if (type.IsEnum) return string.Join(", ", Enum.GetNames(type)).ToLowerInvariant();
        return type == typeof(bool) ? "true, false" : type == typeof(Uri) ? "URL" : type.IsArray ? "list" : type.IsGenericType
            ? "table"
            : "text";
    }

    private static XElement Member(char kind, Type type, string? property)
    {
        var name = $"{kind}:{type.FullName}{(property is null ? "" : "." + property)}";
        var file = Path.ChangeExtension(type.Assembly.Location, ".xml");
        return XDocument.Load(file).Descendants("member").SingleOrDefault(m => (string?)m.Attribute("name") == name)
            ?? throw new InvalidOperationException($"{name} has no doc comment.");
    }

    private static string Summary(XElement member)
    {
        var text = new StringBuilder();
        foreach (var node in member.Element("summary")!.Nodes())
            text.Append(node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : node is XElement see
                ? $"`{((string?)see.Attribute("cref"))?.Split('.')[^1]}`"
                : node.ToString());
        return Blanks.Replace(System.Net.WebUtility.HtmlDecode(text.ToString()), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    /// <summary>"Section <c>Demo</c>: the simulator." → "The simulator."</summary>
    private static string AfterColon(string summary)
    {
        var start = summary.StartsWith("Section ", StringComparison.Ordinal) ? summary.IndexOf(": ", StringComparison.Ordinal) + 2 : 0;
        return char.ToUpperInvariant(summary[start]) + summary[(start + 1)..];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks { get; }
}
