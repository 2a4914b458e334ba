/** Requests that have broken parsers: for the memory cloud, and for the real Glance that it is compared with. */

const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
const objects = (depth: number) => `${'{"x":'.repeat(depth)}1${"}".repeat(depth)}`
const mebibyte = 2 ** 20

/** Bodies that are deep, long, cut, or full of characters that have a meaning. */
export const texts: ReadonlyArray<string> = [
  "",
  "nonsense",
  "null",
  '"text"',
  '{"a":1',
  arrays(200),
  objects(200),
  arrays(10_000),
  objects(10_000),
  `{"name":${arrays(10_000)}}`,
  `[{"op":"add","path":"/x","value":${objects(200)}}]`,
  `[{"op":"add","path":"${"/ ".repeat(mebibyte / 2)}","value":""}]`,
  `[{"op":"replace","path":"/name","value":"${"<br".repeat(mebibyte / 3)}"}]`,
  `[{"op":"add","path":"/__proto__","value":"x"},{"op":"remove","path":"/constructor"}]`,
  `{"name":"${"<".repeat(mebibyte)}","__proto__":{"x":1},"constructor":1,"toString":null}`,
  `{"name":"${"\\\\".repeat(mebibyte / 2)}"}`,
  `{"namespace":"${" ".repeat(mebibyte)}","properties":{"__proto__":{}},"objects":[null],"tags":[{}]}`,
  `{"tags":${JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ name: `t${i % 100}` })))}}`,
  `{"auth":${objects(200)}}`,
  `{"auth":{"identity":{"methods":[${"[],".repeat(10_000)}1],"password":{}}}}`,
  `{"method":{"name":["web-download"],"uri":{}},"stores":{"length":-1}}`,
  `{"member":${arrays(200)}}`,
  `{"type":"import","input":${objects(200)}}`,
  '{"container_format":1e400,"min_ram":1e999,"disk_format":[1e308]}',
  "\u0000\uffff\ud800",
  `${"[{}".repeat(1000)}`
]

export const routes = (
  image: string
): ReadonlyArray<readonly [method: "POST" | "PUT" | "PATCH" | "DELETE", path: string]> => [
  ["POST", "/v2/images"],
  ["PATCH", `/v2/images/${image}`],
  ["POST", `/v2/images/${image}/members`],
  ["PUT", `/v2/images/${image}/members/x`],
  ["POST", `/v2/images/${image}/import`],
  ["POST", "/v2/tasks"],
  ["POST", "/v2/metadefs/namespaces"],
  ["PUT", "/v2/metadefs/namespaces/known"],
  ["POST", "/v2/metadefs/namespaces/known/properties"],
  ["PUT", "/v2/metadefs/namespaces/known/properties/p"],
  ["POST", "/v2/metadefs/namespaces/known/objects"],
  ["POST", "/v2/metadefs/namespaces/known/tags"],
  ["POST", "/v2/metadefs/namespaces/known/resource_types"],
  ["DELETE", "/v2/cache"],
  ["DELETE", `/v2/cache/${image}`],
  ["PUT", `/v2/cache/${image}`]
]

/** Paths and queries, percent-encoded. */
export const targets: ReadonlyArray<string> = [
  "/%zz",
  "/v2/%zz",
  "/v2/images/%zz",
  "/v2/images/%00",
  "/v2/images/%25",
  "/v2/images/__proto__",
  "/v2/metadefs/namespaces/__proto__",
  "/v2/metadefs/namespaces/%zz/properties/constructor",
  "/v2/schemas/__proto__",
  "/v2/images?name=%zz&%zz=1&__proto__=x&constructor=1",
  "/v2/images?name=%ff",
  "/v2/images?marker=%00",
  `/v2/images?limit=${"9".repeat(400)}`,
  "/v2/images?limit=1e400",
  "/v2/images?sort=__proto__:asc&sort_key=constructor",
  `/v2/images?sort=${"%2C:".repeat(1000)}`,
  `/v2/images?name=in:${"%22".repeat(2000)}`,
  `/v2/images?name=in:${"%5C%22,".repeat(1000)}`,
  `/v2/images?created_at=${"gt:".repeat(2000)}`,
  `/v2/images?${"a=b&".repeat(1000)}`,
  `/v2/images?name=${"%5C".repeat(mebibyte / 4)}`,
  `/v2/images/${"x".repeat(mebibyte)}`,
  `/v2/images?${"%5B".repeat(mebibyte / 4)}`,
  `/v2/tasks?limit=${"9".repeat(400)}&sort_key=__proto__`,
  "/v2/metadefs/namespaces?resource_types=__proto__&sort_key=constructor",
  "/v2/metadefs/namespaces/known/tags?sort_key=__proto__"
]

export const headers: ReadonlyArray<Readonly<Record<string, string>>> = [
  { range: `bytes=${"9".repeat(400)}-` },
  { range: `bytes=${"0-1,".repeat(4000)}` },
  { range: `bytes${" ".repeat(16_000)}=0-1` },
  { range: "bytes=\u0000-" },
  { range: `bytes=${"-".repeat(mebibyte)}` },
  { "content-range": `bytes 1-${"9".repeat(400)}/*` },
  { accept: "a/b;".repeat(4000) },
  { accept: `text/html;q="${"\\".repeat(16_000)}` },
  { accept: `a/b${"; ".repeat(8000)}` },
  { accept: "\\".repeat(mebibyte) },
  { "x-openstack-request-id": "<".repeat(64) },
  { "content-length": "abc" },
  { "x-image-meta-store": "__proto__" },
  { "x-auth-token": "\\".repeat(16_000) }
]
