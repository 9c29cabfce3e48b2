// An HTTPS port of a broker.

import type { PortListener } from '../listeners.ts';
import { HttpListener, type HttpListenerOptions } from './http-listener.ts';

/** Opens an HTTPS port together with the other ports of a broker. */
export function httpPort(options: HttpListenerOptions): PortListener {
  const listener = new HttpListener(options);
  return {
    admission: listener.admission,
    handshakes: listener.handshakes,
    get networkBytes() {
      return listener.networkBytes;
    },
    open: (port) => listener.open(port),
    close: (_reason, timeoutMs) => listener.close(timeoutMs),
    showCertificates: (certificates) => listener.showCertificates(certificates),
  };
}
