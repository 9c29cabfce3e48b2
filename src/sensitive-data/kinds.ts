// The kinds of personal and secret data that are found in texts.

/**
 * Each kind with its description. The names of the kinds appear in answers, in the audit trail and
 * in reports; a name is never reused for something else.
 */
export const sensitiveKinds = {
  email: 'an e-mail address',
  phone: 'a phone number',
  'payment-card': 'a payment card number',
  iban: 'an international bank account number (IBAN)',
  'person-name': "a name from the operator's list",
  'us-ssn': 'a social security number of the United States',
  'gb-nino': 'a national insurance number of the United Kingdom',
  'de-tax-id': 'a tax identification number of Germany',
  'fr-nir': 'a social security number (NIR) of France',
  'nl-bsn': 'a citizen service number (BSN) of the Netherlands',
  'es-dni': 'an identity number (DNI, NIE) of Spain',
  'it-codice-fiscale': 'a tax code of Italy',
  'be-national-number': 'a national register number of Belgium',
  'pl-pesel': 'a personal number (PESEL) of Poland',
  'se-personnummer': 'a personal number of Sweden',
  'dk-cpr': 'a personal number (CPR) of Denmark',
  'fi-hetu': 'a personal identity code of Finland',
  'no-fodselsnummer': 'a national identity number of Norway',
  'pt-nif': 'a tax number (NIF) of Portugal',
  'ch-ahv': 'a social security number (AHV) of Switzerland',
  'ie-ppsn': 'a personal public service number of Ireland',
  'br-cpf': 'a taxpayer number (CPF) of Brazil',
  'ca-sin': 'a social insurance number of Canada',
  'in-aadhaar': 'an Aadhaar number of India',
  'cn-resident-id': 'a resident identity number of China',
  'aws-access-key': 'the id of an AWS access key',
  'aws-secret-key': 'an AWS secret access key',
  'github-token': 'a token of GitHub',
  'gitlab-token': 'a token of GitLab',
  'slack-token': 'a token or webhook of Slack',
  'stripe-key': 'a key of Stripe',
  'google-key': 'an API key or OAuth secret of Google',
  'npm-token': 'a token of the npm registry',
  'sendgrid-key': 'a key of SendGrid',
  'azure-key': 'an account key of Azure Storage',
  jwt: 'a JSON web token',
  'private-key': 'a private key in PEM or PuTTY format',
  'authorization-header': 'credentials of an Authorization header',
  'url-credentials': 'a URL with credentials or with a signature that grants access',
  password: 'a password, secret or API key with its name',
} as const;

/** A kind of personal or secret data. */
export type SensitiveKind = keyof typeof sensitiveKinds;
