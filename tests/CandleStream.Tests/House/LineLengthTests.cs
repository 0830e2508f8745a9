using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CandleStream.Tests.House;

/// <summary>Lines have at most 140 characters. A text that cannot be broken may be longer where it begins its line.</summary>
public sealed class LineLengthTests
{
    private const int Longest = 140;

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("bench")]
    public void Lines_are_short(string folder)
    {
        var root = FolderArrows.Root();
        var files = Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories).Where(FolderArrows.IsSource);

        var wrong = files.SelectMany(f => TooLong(File.ReadAllText(f)).Select(line => $"{Path.GetRelativePath(root, f)}:{line}")).ToList();
        Assert.True(wrong.Count == 0, "Longer than 140 characters:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public void A_long_line_is_found_and_a_text_of_its_own_is_not()
    {
        var text = new string('a', Longest);

        Assert.Equal(
            [1, 4], TooLong($"// {text}\nvar x =\n    \"{text}\";\nvar y = \"{text}\";\nvar z = \"\"\"\n    b {text}\n    \"\"\";"));
    }

    private static IEnumerable<int> TooLong(string code)
    {
        var lines = code.Split('\n');
        if (!Array.Exists(lines, l => l.Length > Longest)) yield break;
        var root = CSharpSyntaxTree.ParseText(code).GetRoot();
        var start = 0;
        for (var i = 0; i < lines.Length; start += lines[i++].Length + 1)
        {
            if (lines[i].Length <= Longest) continue;
            var first = root.FindToken(start + lines[i].Length - lines[i].TrimStart().Length);
            if (first.IsKind(SyntaxKind.PlusToken) || first.IsKind(SyntaxKind.ReturnKeyword)) first = first.GetNextToken();
            var isText = first.Parent is LiteralExpressionSyntax or InterpolatedStringExpressionSyntax or InterpolatedStringTextSyntax;
            var isArgument = first.Parent!.AncestorsAndSelf()
                .Any(n => n.IsKind(SyntaxKind.AttributeArgument) && n.SpanStart == first.SpanStart);
            if (!isText && !isArgument) yield return i + 1;
        }
    }
}
