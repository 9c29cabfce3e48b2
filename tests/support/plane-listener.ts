// The API's port of a control plane in tests.

import type { Dispatcher } from '../../src/aws/pipeline/dispatch.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Iam } from '../../src/identity/accounts/iam.ts';
import { HttpListener, type HttpListenerOptions } from '../../src/net/http/http-listener.ts';
import { apiAdmissionLimits } from '../../src/net/limits.ts';
import { defaultTlsPolicy } from '../../src/net/tls-policy.ts';
import { apiRoutes } from '../../src/server/api/compose-api.ts';
import { issuerDocuments } from '../../src/server/api/issuer-documents.ts';
import type { SignIn } from '../../src/server/sign-in/compose-sign-in.ts';

/** Creates the listener of the API, which is not open yet. */
export function planeListener(
  certificates: HttpListenerOptions['certificates'],
  dispatcher: Dispatcher,
  signIn: SignIn,
  iam: Iam,
  apiUrl: () => string,
): HttpListener {
  return new HttpListener({
    host: '127.0.0.1',
    certificates,
    policy: defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    routes: apiRoutes(dispatcher, signIn, issuerDocuments(iam.webIdentities, apiUrl)),
    clock: systemClock,
  });
}
