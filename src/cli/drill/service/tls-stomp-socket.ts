// A TLS connection in the form that stompjs expects, which is that of a WebSocket.

import { connect, type TLSSocket } from 'node:tls';
import { type IStompSocket, StompSocketState } from '@stomp/stompjs';

/** The end of a connection to a port for STOMP over TLS. */
export class TlsStompSocket implements IStompSocket {
  readonly url: string;
  onopen: IStompSocket['onopen'] = null;
  onmessage: IStompSocket['onmessage'] = null;
  onerror: IStompSocket['onerror'] = null;
  onclose: IStompSocket['onclose'] = null;
  readonly #socket: TLSSocket;
  #isOpen = false;

  /**
   * @param url `stomp+ssl://127.0.0.1:61614`
   * @param ca the authorities to trust, PEM
   */
  constructor(url: string, ca: string) {
    this.url = url;
    const { hostname: host, port } = new URL(url.replace('stomp+ssl:', 'https:'));
    this.#socket = connect({ host, port: Number(port), ca });
    this.#socket.once('secureConnect', () => {
      this.#isOpen = true;
      this.onopen?.();
    });
    this.#socket.on('data', (bytes) => this.onmessage?.({ data: new Uint8Array(bytes).buffer }));
    this.#socket.on('error', (error) => this.onerror?.(error));
    this.#socket.once('close', () => this.onclose?.());
  }

  get readyState(): StompSocketState {
    if (this.#socket.destroyed) return StompSocketState.CLOSED;
    return this.#isOpen ? StompSocketState.OPEN : StompSocketState.CONNECTING;
  }

  send(data: string | ArrayBuffer): void {
    this.#socket.write(typeof data === 'string' ? data : new Uint8Array(data));
  }

  close(): void {
    this.#socket.destroy();
  }

  terminate(): void {
    this.close();
  }
}
