// node types.mjs SPECIFICATION TYPES: from the service's OpenAPI document, the types of what the page asks for.
// Only those paths: another query of the catalogue changes nothing here.

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const QUERIES = [
  "class_positions",
  "classes",
  "layers",
  "neuron_classes",
  "neuron_details",
  "neuron_examples",
  "similar_classes",
  "widest_paths",
];
const OTHERS = ["runs", "graph", "pictures"];
const PATHS = {
  ...Object.fromEntries(OTHERS.map((name) => [name, name])),
  ...Object.fromEntries(QUERIES.map((name) => [name, `queries/${name}`])),
};
const [, , SPECIFICATION, TYPES] = process.argv;

const specification = JSON.parse(readFileSync(SPECIFICATION, "utf-8"));
const answers = Object.entries(PATHS).map(([name, path]) => {
  const answer = specification.paths[`/api/v1/${path}`].get.responses[200];
  return [name, answer.content["application/json"].schema];
});
const asked = { ...specification, paths: {}, components: { schemas: Object.fromEntries(answers) } };
const types = astToString(await openapiTS(asked));
writeFileSync(TYPES, `// Written by \`make page\` from the service's specification.\n${types}`);
