// How points get onto the canvas: by WebGL where the machine has it, else pixel by pixel. Both draw squares of one
// colour each, in an order that was shuffled, so that the first thousands are a fair sample of all.

const VERTEX = `#version 300 es
in vec2 place; in vec4 ink; uniform vec4 view; uniform float size; out vec3 colour;
void main() {
  colour = ink.rgb;
  gl_Position = ink.a == 0.0 ? vec4(2.0, 2.0, 0.0, 1.0) : vec4(place * view.xy + view.zw, 0.0, 1.0);
  gl_PointSize = size;
}`;
const FRAGMENT = `#version 300 es
precision highp float; in vec3 colour; out vec4 shown; uniform float size;
void main() {
  if (size > 3.0 && length(gl_PointCoord - 0.5) > 0.5) discard;
  shown = vec4(colour, 1.0);
}`;

/** places: Int16Array of x, y pairs. Returns { paint, colour, mark } on a canvas. */
export function painter(canvas, places) {
  return byGraphics(canvas, places) ?? byPixels(canvas, places);
}

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.bindAttribLocation(made, 0, "place");
  gl.bindAttribLocation(made, 1, "ink");
  gl.linkProgram(made);
  return gl.getProgramParameter(made, gl.LINK_STATUS) ? made : null;
}

const WANTED = { antialias: false, depth: false, alpha: false, failIfMajorPerformanceCaveat: true };
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i; // not every browser counts it as a caveat

function isSoftware(gl) {
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  return SOFTWARE.test(String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER)));
}

/** Where WebGL would be drawn by the processor, drawing pixels ourselves is far faster: it is not taken then. */
function byGraphics(canvas, places) {
  const probe = document.createElement("canvas").getContext("webgl2", WANTED);
  if (!probe || isSoftware(probe) || !program(probe)) return null; // once a canvas was asked for WebGL, it gives nothing else
  const gl = canvas.getContext("webgl2", WANTED);
  const drawn = gl && program(gl);
  gl.useProgram(drawn);
  const view = gl.getUniformLocation(drawn, "view");
  const size = gl.getUniformLocation(drawn, "size");
  const layer = (points) => {
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, points, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.SHORT, false, 0, 0);
    const ink = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, ink);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    return { array, ink, count: points.length / 2 };
  };
  const fill = (to, colours) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, to.ink);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
  };
  const all = layer(places);
  let marks = null;
  return {
    colour: (colours) => fill(all, colours),
    mark: (points, colours) => {
      marks = layer(points);
      fill(marks, colours);
    },
    paint: ({ scale, left, top, ground, dot, markDot, count }) => {
      const { width, height } = canvas;
      gl.viewport(0, 0, width, height);
      gl.clearColor(...ground.map((part) => part / 255), 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform4f(view, (2 * scale) / width, (2 * scale) / height, (2 * left) / width - 1, 1 - (2 * top) / height);
      const draw = (one, side, number) => {
        gl.bindVertexArray(one.array);
        gl.uniform1f(size, side);
        gl.drawArrays(gl.POINTS, 0, number);
      };
      draw(all, dot, Math.min(count, all.count));
      if (marks?.count) draw(marks, markDot, marks.count);
    },
  };
}

function byPixels(canvas, places) {
  const context = canvas.getContext("2d", { alpha: false });
  let image = null;
  let pixels = null;
  let inks = new Uint32Array(places.length / 2);
  let marks = { points: new Int16Array(0), inks: new Uint32Array(0) };
  const draw = (points, colours, number, { scale, left, top }, dot) => {
    const { width, height } = canvas;
    const side = Math.max(1, Math.round(dot));
    const half = side >> 1;
    for (let n = 0; n < number; n++) {
      const ink = colours[n];
      if (ink === 0) continue;
      const x = (left + points[2 * n] * scale - half) | 0;
      const y = (top - points[2 * n + 1] * scale - half) | 0;
      if (x < 0 || y < 0 || x + side >= width || y + side >= height) continue;
      let at = y * width + x;
      for (let row = 0; row < side; row++, at += width) {
        const inset = side > 3 && (row === 0 || row === side - 1) ? 1 : 0;
        for (let column = inset; column < side - inset; column++) pixels[at + column] = ink;
      }
    }
  };
  return {
    colour: (colours) => (inks = new Uint32Array(colours.buffer)),
    mark: (points, colours) => (marks = { points, inks: new Uint32Array(colours.buffer) }),
    paint: (view) => {
      if (image?.width !== canvas.width || image?.height !== canvas.height) {
        image = context.createImageData(canvas.width, canvas.height);
        pixels = new Uint32Array(image.data.buffer);
      }
      const [red, green, blue] = view.ground;
      pixels.fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
      draw(places, inks, Math.min(view.count, inks.length), view, view.dot);
      draw(marks.points, marks.inks, marks.inks.length, view, view.markDot);
      context.putImageData(image, 0, 0);
    },
  };
}
