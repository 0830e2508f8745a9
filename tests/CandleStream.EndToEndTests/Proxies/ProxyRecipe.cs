namespace CandleStream.EndToEndTests.Proxies;

/// <summary>
/// The text of a file in <c>ops/proxies</c>. A test changes only what it names, and each must be there exactly once: what is documented is
/// what runs.
/// </summary>
internal sealed class ProxyRecipe(string text)
{
    public static ProxyRecipe Read(string file) => new(File.ReadAllText(Path.Combine(Repository.Root, "ops", "proxies", file)));

    public ProxyRecipe With(string old, string changed)
    {
        if (text.Split(old).Length != 2) throw new InvalidOperationException($"'{old}' must stand in the recipe exactly once.");
        return new ProxyRecipe(text.Replace(old, changed, StringComparison.Ordinal));
    }

    /// <summary>Another time limit, where one is asked for.</summary>
    /// <param name="directive">What stands before the committed 60 s.</param>
    /// <param name="limit">Whole seconds; null: as committed.</param>
    public ProxyRecipe WithLimit(string directive, TimeSpan? limit) =>
        limit is { } other ? With($"{directive}60s", $"{directive}{other.TotalSeconds}s") : this;

    public override string ToString() => text;
}
