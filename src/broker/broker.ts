/** The broker's entry: virtual hosts, and what protocols ask of them. */
export class Broker {}
