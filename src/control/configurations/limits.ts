/** Limits of configurations. */
export const configurationLimits = {
  /** Configurations of an account. */
  configurationCountMax: 1000,
  /** Revisions of one configuration, as in Amazon MQ. */
  revisionCountMax: 300,
  /** Bytes of one revision's text. */
  textBytesMax: 256 * 1024,
  /** Bytes of the texts of all revisions of all configurations: they are kept in memory. */
  allTextBytesMax: 64 * 1024 * 1024,
  /** Levels of elements in XML; what is permitted has fewer than ten. */
  xmlDepthMax: 64,
  /** Tags in XML: an element has two, or one where it is empty. */
  xmlTagCountMax: 5000,
  /** Equal signs in XML outside of comments: an attribute has one. */
  xmlAttributeCountMax: 10_000,
  /** Characters of an attribute's value. */
  xmlValueCharactersMax: 4096,
  /** Lines of a configuration of RabbitMQ's type. */
  lineCountMax: 4000,
  /** Characters of a value in it. */
  valueCharactersMax: 2048,
  /** Warnings in an answer, as in Amazon MQ; more are not told. */
  warningsToldMax: 20,
  /** Characters of a description. */
  descriptionCharactersMax: 1024,
} as const;
