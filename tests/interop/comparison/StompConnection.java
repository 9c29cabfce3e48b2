import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** A connection that sends frames as they are written, and describes what it receives. */
final class StompConnection implements AutoCloseable {
  private final SSLSocket socket;
  private final InputStream in;
  private final Describe describe;
  /** The headers of the last frame. */
  final Map<String, String> headers = new TreeMap<>();

  StompConnection(Describe describe) throws IOException {
    this.describe = describe;
    int port = Integer.parseInt(System.getenv("STOMP_PORT"));
    socket = (SSLSocket) SSLSocketFactory.getDefault().createSocket("localhost", port);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static StompConnection open(Describe describe, String version, String... more)
      throws IOException {
    StompConnection connection = new StompConnection(describe);
    String login = "login:" + Compare.USER + "\npasscode:" + Compare.PASSWORD + "\n";
    StringBuilder rest = new StringBuilder();
    for (String line : more) rest.append(line).append('\n');
    connection.send("CONNECT\naccept-version:" + version + "\n" + login + rest + "\n");
    connection.frame();
    return connection;
  }

  /** Sends a frame; the zero byte behind it is added. */
  void send(String frame) throws IOException {
    byte[] bytes = (frame + "\0").getBytes(StandardCharsets.UTF_8);
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /** Describes the next frame: command, sorted headers, body. */
  String frame(int timeoutMs) throws IOException {
    socket.setSoTimeout(timeoutMs);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    headers.clear();
    try {
      int next = in.read();
      while (next == '\n' || next == '\r') next = in.read();
      for (; next > 0; next = in.read()) {
        bytes.write(next);
        int left = next == '\n' ? bodyLength(bytes) : 0;
        for (; left > 0; left--) bytes.write(in.read());
      }
      if (next < 0) return bytes.size() == 0 ? "closed" : "closed in a frame";
    } catch (SocketTimeoutException none) {
      return bytes.size() == 0 ? "no frame" : "part of a frame";
    } catch (IOException error) {
      return "closed";
    }
    String text = bytes.toString(StandardCharsets.UTF_8);
    int end = text.indexOf("\n\n");
    String[] lines = text.substring(0, Math.max(end, 0)).split("\n");
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      headers.putIfAbsent(plain(lines[i].substring(0, colon)), plain(lines[i].substring(colon + 1)));
    }
    Map<String, String> shown = new TreeMap<>();
    headers.forEach((name, value) -> shown.put(name, describe.stable(value)));
    // Its form is not defined.
    if (headers.containsKey("ack")) shown.put("ack", "ACK");
    String body = text.substring(end + 2);
    // Stack traces: only the first line is of interest.
    if (lines[0].equals("ERROR")) body = body.split("[\r\n]")[0];
    return lines[0] + ' ' + shown + ' ' + describe.stable(body);
  }

  String frame() throws IOException {
    return frame(20_000);
  }

  /** The content-length of a head that is complete; otherwise 0. */
  private static int bodyLength(ByteArrayOutputStream bytes) {
    String text = bytes.toString(StandardCharsets.UTF_8);
    if (!text.endsWith("\n\n")) return 0;
    Matcher found = LENGTH.matcher(text);
    return found.find() && text.indexOf("\n\n") == text.length() - 2
        ? Integer.parseInt(found.group(1))
        : 0;
  }

  private static final Pattern LENGTH = Pattern.compile("\ncontent-length:(\\d+)");

  /** A header without its escapes. */
  private static String plain(String text) {
    return text.replace("\\c", ":").replace("\\r", "\r").replace("\\n", "\n").replace("\\\\", "\\");
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
