using System.Globalization;
using System.Reflection;

namespace CandleStream.Storage.Shared;

/// <summary>One step of a schema: a numbered SQL file, embedded.</summary>
internal sealed record SchemaScript(int Version, string Name, string Sql)
{
    /// <summary>The scripts of a database engine, rising and without a hole.</summary>
    /// <param name="engine">The folder under Schema: Sqlite or Postgres.</param>
    public static IReadOnlyList<SchemaScript> All(string engine)
    {
        var assembly = typeof(SchemaScript).Assembly;
        var prefix = $"Schema/{engine}/";
        return [.. assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => Read(assembly, n, n[prefix.Length..]))];
    }

    /// <summary>Those still to run on a store of version <paramref name="current"/>.</summary>
    /// <exception cref="StoreRefusedException">The store was made by a newer program.</exception>
    public static IEnumerable<SchemaScript> After(IReadOnlyList<SchemaScript> all, int current, string store)
    {
        var newest = all[^1].Version;
        if (current > newest)
            throw new StoreRefusedException(
                $"{store} has schema version {current}, but this program knows versions up to {newest} only: use the newer program that wrote it, or another store.");
        return all.Where(s => s.Version > current);
    }

    private static SchemaScript Read(Assembly assembly, string resource, string file)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return new SchemaScript(
            int.Parse(file.AsSpan(0, 4), CultureInfo.InvariantCulture), Path.GetFileNameWithoutExtension(file), reader.ReadToEnd());
    }
}
