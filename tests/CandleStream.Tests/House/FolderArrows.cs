using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CandleStream.Tests.House;

/// <summary>An arrow of the house: a file of one folder names a type that a file of another folder defines.</summary>
internal readonly record struct FolderArrow(string From, string To, string File, string Type)
{
    public override string ToString() => $"{From} -> {To}: {File} names {Type}";
}

/// <summary>Reads the arrows between the folders of <c>src</c> from the code itself, as the compiler understands it.</summary>
internal static class FolderArrows
{
    // What the projects' implicit usings bring; the simulator's and the server's are those of the web SDK.
    private const string GlobalUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http;
        global using System.Net.Http.Json; global using System.Threading; global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Hosting; global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing; global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection; global using Microsoft.Extensions.Hosting; global using Microsoft.Extensions.Logging;
        """;

    /// <summary>The arrows between different folders, one for each file and type. A folder is written as below <c>src</c>.</summary>
    public static IReadOnlyList<FolderArrow> Read()
    {
        var src = Path.Combine(Root(), "src");
        List<SyntaxTree> trees =
        [
            .. Directory.EnumerateFiles(src, "*.cs", SearchOption.AllDirectories).Where(IsSource).Order()
                .Select(f => CSharpSyntaxTree.ParseText(File.ReadAllText(f), path: Path.GetRelativePath(src, f).Replace('\\', '/'))),
        ];
        var compilation = CSharpCompilation.Create(
            "house", trees.Append(CSharpSyntaxTree.ParseText(GlobalUsings)), References(), new(OutputKind.DynamicallyLinkedLibrary));
        return [.. trees.SelectMany(t => ArrowsOf(t, compilation.GetSemanticModel(t))).Distinct()];
    }

    /// <summary>The circles among folders: each is a set of folders that reach one another.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Circles(IEnumerable<FolderArrow> arrows)
    {
        var next = arrows.ToLookup(a => a.From, a => a.To);
        var reach = next.Select(g => g.Key).ToDictionary(f => f, f => Reachable(f, next));
        return
        [
            .. reach.Keys.Where(f => reach[f].Contains(f))
                .Select(f => string.Join(
                    ", ", reach[f].Where(t => reach.TryGetValue(t, out var back) && back.Contains(f)).Order(StringComparer.Ordinal)))
                .Distinct().Select(c => (IReadOnlyList<string>)c.Split(", ")),
        ];
    }

    private static HashSet<string> Reachable(string from, ILookup<string, string> next)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(next[from]);
        while (open.TryPop(out var folder))
        {
            if (!seen.Add(folder)) continue;
            foreach (var further in next[folder]) open.Push(further);
        }

        return seen;
    }

    private static IEnumerable<FolderArrow> ArrowsOf(SyntaxTree tree, SemanticModel model)
    {
        foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            var symbol = model.GetSymbolInfo(name).Symbol;
            var type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
            while (type?.ContainingType is { } outer) type = outer;
            foreach (var home in type?.DeclaringSyntaxReferences ?? [])
            {
                if (FolderOf(home.SyntaxTree.FilePath) != FolderOf(tree.FilePath))
                    yield return new FolderArrow(FolderOf(tree.FilePath), FolderOf(home.SyntaxTree.FilePath), tree.FilePath, type!.Name);
            }
        }
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/');

    internal static bool IsSource(string file)
    {
        var parts = file.Split(Path.DirectorySeparatorChar);
        return !parts.Contains("obj") && !parts.Contains("bin");
    }

    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(f => !Path.GetFileName(f).StartsWith("CandleStream", StringComparison.Ordinal))
            .Select(f => MetadataReference.CreateFromFile(f));

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "CandleStream.slnx"))) folder = folder.Parent;
        return folder.FullName;
    }
}
