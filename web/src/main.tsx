import { render } from "preact";
import { Explorer } from "./explorer";
import "./style/base.css";
import "./style/left.css";
import "./style/graph.css";
import "./style/neuron.css";
import { NavigationProvider } from "./view/navigation";

const place = document.getElementById("explorer");
if (place === null) throw new Error("index.html has no place for the explorer");
render(
  <NavigationProvider>
    <Explorer />
  </NavigationProvider>,
  place,
);
