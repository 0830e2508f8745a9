namespace CandleStream.EndToEndTests.Setup;

public sealed class ConfigurationDocsTests
{
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "configuration.md");

    [Fact]
    public async Task The_page_says_what_the_doc_comments_say()
    {
        var made = ConfigurationDocs.Write();
        if (Environment.GetEnvironmentVariable("CANDLESTREAM_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(Page, made, TestContext.Current.CancellationToken);
        Assert.Equal(made, await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Every_option_tells_its_default() =>
        Assert.All(
            ConfigurationDocs.Write().Split('\n')
                .Where(l => l.StartsWith("| `", StringComparison.Ordinal) && l.Split('`')[1] is [>= 'A' and <= 'Z', ..] key
                    && key.Contains(':', StringComparison.Ordinal)), line => Assert.Contains("Default", line, StringComparison.Ordinal));
}
