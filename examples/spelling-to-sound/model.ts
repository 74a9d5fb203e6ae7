// A transformer (Vaswani et al. 2017): an encoder that reads the letters, and a decoder that says one sound after the other.
import { concat, full, nn, noGrad, scope, type Tensor } from 'anneal';
import { maxLength, padding, start } from './words';

export interface SpeakerOptions {
  letters: number;
  sounds: number;
  size: number;
  heads: number;
  layers: number;
  dropout: number;
}

export class Speaker extends nn.Module {
  letters: nn.Embedding;
  sounds: nn.Embedding;
  positions: nn.SinusoidalPositionalEncoding;
  transformer: nn.Transformer;
  output: nn.Linear;

  constructor({ letters, sounds, size, heads, layers, dropout }: SpeakerOptions) {
    super();
    this.letters = new nn.Embedding(letters, size, { paddingIdx: padding });
    this.sounds = new nn.Embedding(sounds, size, { paddingIdx: padding });
    this.positions = new nn.SinusoidalPositionalEncoding(size);
    this.transformer = new nn.Transformer({
      dModel: size,
      nhead: heads,
      numEncoderLayers: layers,
      numDecoderLayers: layers,
      dimFeedforward: 4 * size,
      dropout,
      batchFirst: true,
      normFirst: true,
    });
    this.output = new nn.Linear(size, sounds);
  }

  /** letters: [batch, letters], sounds: [batch, time]; gives logits of the sound that follows each, [batch, time, sounds]. */
  forward(letters: Tensor, sounds: Tensor): Tensor {
    return this.decode(sounds, letters, this.encode(letters));
  }

  /** What the encoder makes of the letters, [batch, letters, size]. */
  encode(letters: Tensor): Tensor {
    const embedded = this.positions.forward(this.letters.forward(letters));
    return this.transformer.encoder.forward(embedded, { srcKeyPaddingMask: letters.eq(padding) });
  }

  decode(sounds: Tensor, letters: Tensor, memory: Tensor): Tensor {
    const embedded = this.positions.forward(this.sounds.forward(sounds));
    // A sound sees those before it only, so what fills up short words needs no mask: it comes last.
    const options = { tgtIsCausal: true, memoryKeyPaddingMask: letters.eq(padding) };
    return this.output.forward(this.transformer.decoder.forward(embedded, memory, options));
  }

  /** letters: [batch, letters]; gives the likeliest sound at each step, [batch, time]. */
  speak(letters: Tensor): Tensor {
    return scope(() =>
      noGrad(() => {
        const memory = this.encode(letters);
        let sounds = full([letters.shape[0], 1], start, { dtype: 'int64' });
        for (let time = 0; time <= maxLength; time++) {
          const next = this.decode(sounds, letters, memory).select(1, -1).argmax(-1);
          sounds = concat([sounds, next.unsqueeze(1)], 1);
        }
        return sounds.slice(1, 1);
      }),
    );
  }
}
