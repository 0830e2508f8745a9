using CandleStream.Server.Configuration;
using CandleStream.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CandleStream.Tests.House;

/// <summary>A setting has one home: who looks for it finds one property, and what is bound is bound once.</summary>
public sealed class SettingsHouseTests
{
    [Fact]
    public void Each_key_is_a_property_of_one_class()
    {
        var twice = SettingsSection.All
            .SelectMany(s => s.Type.GetProperties().Select(p => $"{s.Name}:{p.Name}"))
            .CountBy(key => key, StringComparer.OrdinalIgnoreCase)
            .Where(k => k.Value > 1);

        Assert.Empty(twice.Select(k => k.Key));
    }

    [Fact]
    public async Task Each_class_is_bound_once()
    {
        await using var app = await Server.Program.BuildAsync(new ServerArguments(new Dictionary<string, string?>()));

        foreach (var type in SettingsSection.All.Select(s => s.Type))
        {
            var configures = app.Services.GetServices(typeof(IConfigureOptions<>).MakeGenericType(type));
            Assert.True(configures.Count() == 1, $"{type.Name} is bound {configures.Count()} times");
        }
    }
}
