"""Who is this client, what is it sent, and where: PXE 2.1 and proxyDHCP as pure machines."""
