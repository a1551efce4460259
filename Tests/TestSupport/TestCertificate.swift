/// A certificate for localhost that vouches for itself, good until 2120. Its key guards nothing.
package enum TestCertificate {
    package static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDde7C+ybhi1PjP7
        TIJAq7psO7RO6K2gYcV/mPdPVa0kHdqQlMvB1r8OnfXObe0wwqdysunRNLjQms0s
        1r0p0RejTjBMMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFLndDY1MXhdC3vyA
        eST6q40hoPRDMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQD
        AgNJADBGAiEAztqS0mn/LwW5q1FMcMbNs6ErQDajOoSGZ4rgK56zrycCIQDks+3O
        qkO0Aca8ls9PoGtg/Vu42w7FHPO2cQdYNW4JiQ==
        -----END CERTIFICATE-----
        """

    package static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIMiLopp6E691lTH93HpIoYu+puHUujB3ClNTQrVpuZy1oAoGCCqGSM49
        AwEHoUQDQgAEN17sL7JuGLU+M/tMgkCrumw7tE7oraBhxX+Y909VrSQd2pCUy8HW
        vw6d9c5t7TDCp3Ky6dE0uNCazSzWvSnRFw==
        -----END EC PRIVATE KEY-----
        """
}
