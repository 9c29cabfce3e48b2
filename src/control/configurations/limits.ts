// Limits of configurations.

/** Limits of configurations. */
export const configurationLimits = {
  /** Maximum number of configurations of an account. */
  configurationCountMax: 1000,
  /** Maximum number of revisions of a configuration, as in Amazon MQ. */
  revisionCountMax: 300,
  /** Maximum size of the text of a revision, in bytes. */
  textBytesMax: 256 * 1024,
  /**
   * Maximum size of the texts of all revisions of all configurations in bytes, because they are
   * kept in memory.
   */
  allTextBytesMax: 64 * 1024 * 1024,
  /** Maximum depth of XML elements. Permitted settings have fewer than ten levels. */
  xmlDepthMax: 64,
  /** Maximum number of XML tags. An element has two, or one if it is empty. */
  xmlTagCountMax: 5000,
  /** Maximum number of equal signs in XML outside of comments. An attribute has one. */
  xmlAttributeCountMax: 10_000,
  /** Maximum length of an attribute value, in characters. */
  xmlValueCharactersMax: 4096,
  /** Maximum length of the name of a destination, in bytes. */
  destinationNameBytesMax: 255,
  /** Maximum number of destinations in one attribute. */
  destinationCountMax: 100,
  /** Maximum number of lines of a RabbitMQ configuration. */
  lineCountMax: 4000,
  /** Maximum length of a value in a RabbitMQ configuration, in characters. */
  valueCharactersMax: 2048,
  /** Maximum number of warnings in a response, as in Amazon MQ. Further warnings are omitted. */
  warningsToldMax: 20,
  /** Maximum length of a description, in characters. */
  descriptionCharactersMax: 1024,
} as const;
