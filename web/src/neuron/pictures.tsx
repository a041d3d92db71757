// Pictures of a neuron: images made to excite it, and the patches of real images that do most.

import { useState } from "preact/hooks";
import type { Pictures } from "../service/answers";

/** Where a picture is, given its path in an answer. */
export function pictureAddress(path: string): string {
  return `api/v1/${path}`;
}

interface NeuronPicturesProps {
  neuron: string;
  pictures: Pictures;
  /** The class whose patches are in `class_examples`. */
  of_class: string | null;
}

/** All of a neuron's pictures; nothing where there is none. */
export function NeuronPictures({ neuron, pictures, of_class }: NeuronPicturesProps) {
  const { visualization, diverse, examples, class_examples } = pictures;
  const made = [visualization, ...diverse].filter((path) => path !== null);
  return (
    <div class="pictures">
      {made.length > 0 && (
        <figure class={visualization === null ? "" : "made"}>
          {made.map((path, place) => (
            <img key={`${place} ${path}`} src={pictureAddress(path)} alt={`Made to excite ${neuron}`} />
          ))}
        </figure>
      )}
      {class_examples !== null && (
        <Patches path={class_examples} title={`Strongest in ${of_class ?? "the class"}`} neuron={neuron} />
      )}
      {examples !== null && <Patches path={examples} title="Strongest in all classes" neuron={neuron} />}
    </div>
  );
}

/** A strip of square patches, side by side in one file, in rows. */
function Patches({ path, title, neuron }: { path: string; title: string; neuron: string }) {
  const [count, setCount] = useState(0);
  const address = pictureAddress(path);
  return (
    <figure class={`patches${count > 0 && count <= 5 ? " few" : ""}`}>
      <figcaption dir="auto">{title}</figcaption>
      <img
        src={address}
        alt={`${title}: what excites ${neuron}, the strongest first`}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setCount(Math.round(naturalWidth / naturalHeight))
        }
      />
      {Array.from({ length: count }, (_, place) => (
        <span
          key={place}
          aria-hidden="true"
          style={{
            backgroundImage: `url("${address}")`,
            backgroundSize: `${100 * count}% 100%`,
            backgroundPosition: `${count > 1 ? (100 * place) / (count - 1) : 0}% 0`,
          }}
        />
      ))}
    </figure>
  );
}
