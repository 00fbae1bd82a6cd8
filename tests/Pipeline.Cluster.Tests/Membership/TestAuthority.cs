using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>Signs certificates of nodes; its files go with it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _certificate;
    private byte _serial;

    public TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(_folder.File("authority.pem"), _certificate.ExportCertificatePem());
    }

    /// <summary>A certificate, its key and the authority, as the files that the settings name.</summary>
    public TlsOptions Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(_certificate, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), [1, ++_serial]);
        File.WriteAllText(_folder.File($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        return new TlsOptions(_folder.File($"{name}.pem"), _folder.File($"{name}.key"), _folder.File("authority.pem"));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
    }
}
