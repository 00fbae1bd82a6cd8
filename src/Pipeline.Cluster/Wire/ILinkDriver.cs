namespace Pipeline.Cluster.Wire;

/// <summary>What the table cannot do itself, as it knows no sockets and no store.</summary>
internal interface ILinkDriver
{
    /// <summary>Starts a connection, which reports to the table: opened, then lost; or lost at once.</summary>
    void Connect(NodeLink link);

    /// <summary>Prepares a call for this node's own store. Called under the table's lock; the action that hands it over is not.</summary>
    Action Serve(NodeLink link, ExpertCall call);
}
