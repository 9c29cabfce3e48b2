// The virtual host in which the service checks clusters.

/** The virtual host of the service in clusters. It is not moved to other brokers. */
export const healthVhost = 'waxwing-health';
