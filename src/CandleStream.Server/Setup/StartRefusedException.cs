namespace CandleStream.Server.Setup;

/// <summary>The server cannot start as it was asked to; the message is one line for the operator.</summary>
public sealed class StartRefusedException(string message) : Exception(message);
