import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Forwards connections to the broker, and cuts them. */
final class Link implements AutoCloseable {
  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("localhost"));
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private volatile boolean swallows = false;

  Link() throws IOException {
    start(this::accept);
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "link");
    thread.setDaemon(true);
    thread.start();
  }

  String address() {
    return "ssl://localhost:" + server.getLocalPort();
  }

  /** What the broker sends on the present connections no longer arrives. */
  void swallowAnswers() {
    swallows = true;
  }

  /** Ends the present connections. */
  void cut() {
    swallows = false;
    for (Socket each : open) close(each);
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Socket broker = new Socket("localhost", URI.create(Compare.URL).getPort());
        open.add(client);
        open.add(broker);
        start(() -> forward(client, broker, false));
        start(() -> forward(broker, client, true));
      } catch (IOException error) {
        continue;
      }
    }
  }

  private void forward(Socket from, Socket to, boolean isAnswer) {
    byte[] part = new byte[16_384];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(part); count >= 0; count = in.read(part)) {
        if (!isAnswer || !swallows) out.write(part, 0, count);
      }
    } catch (IOException error) {
      // A connection that was cut.
    } finally {
      close(from);
      close(to);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
